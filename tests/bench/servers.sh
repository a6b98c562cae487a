# SPDX-License-Identifier: LGPL-2.1-or-later
# Workloads from server to server.  Each sets src and dst. start_X starts
# servers, once, and sets bytes to the amount to move, if it is known; fresh_X
# resets the destination before each copy; check_X checks the copy; title_X
# names the workload.
# shellcheck shell=bash disable=SC2034

workloads_of_servers=(dense tcp qemu vm thin empty corner slow_source
                      slow_destination narrow tls)

in_bytes () { numfmt --from=iec "$1"; }

# Defines empty functions that a workload does not need: defaults fresh check
# NAME...
nothing_to ()
{
  local what=$1 name
  shift
  for name; do
    eval "${what}_$name () { :; }"
  done
}

# Stops servers that are running: stop_servers NAME...
stop_servers ()
{
  local name pid
  for name; do
    pid=${name}_pid
    [ -z "${!pid}" ] || stop_server "$name"
  done
}

# nbdkit to nbdkit, both with the same options before the plugin.
serve_nbdkit_pair ()
{
  local size=$1
  shift
  bytes=$(in_bytes "$size")
  serve_nbdkit src "$@" pattern "$size"
  serve_nbdkit dst "$@" null "$size"
}

nothing_to fresh dense tcp vm empty corner slow_source slow_destination narrow \
           tls
nothing_to check dense tcp vm empty slow_source slow_destination narrow tls

title_dense () { echo "Dense: $BENCH_DENSE of data, nbdkit to nbdkit"; }
start_dense ()
{
  serve_nbdkit_pair "$BENCH_DENSE"
  serve_floor
}

# The processes between which the program "floor" moves the same bytes.
serve_floor ()
{
  "$tools/relay" source "$tmp/floor-src.sock" "$BENCH_FLOOR_CHUNK" &
  floor_src_pid=$!
  "$tools/relay" sink "$tmp/floor-dst.sock" "$BENCH_FLOOR_CHUNK" &
  floor_dst_pid=$!
  servers+=("$floor_src_pid" "$floor_dst_pid")
  wait_until test -S "$tmp/floor-src.sock" -a -S "$tmp/floor-dst.sock"
}

title_tcp ()
{
  echo "TCP: $BENCH_DENSE of data, nbdkit to nbdkit, over the loopback"
}
start_tcp ()
{
  bytes=$(in_bytes "$BENCH_DENSE")
  serve_at src tcp4 pattern "$BENCH_DENSE"
  serve_at dst tcp4 null "$BENCH_DENSE"
  # shellcheck disable=SC2154
  src=nbd://127.0.0.1:$src_port dst=nbd://127.0.0.1:$dst_port
}

title_qemu ()
{
  echo "QEMU: $BENCH_QEMU of data from a raw file to another, both in memory," \
       "qemu-nbd to qemu-nbd, both started for this copy"
}
# Files are made once, because the first use of memory is slow.
start_qemu ()
{
  requires qemu-nbd qemu-img
  bytes=$(in_bytes "$BENCH_QEMU")
  if ! make_data "$scratch/full.raw" "$bytes" ||
     ! make_data "$scratch/other.raw" "$bytes" 1; then
    skip "no room for twice $BENCH_QEMU in $scratch"
  fi
}
fresh_qemu ()
{
  stop_servers src dst
  put_data "$scratch/other.raw" $((bytes / 2)) 1M
  serve_qemu_nbd src -t -r -e 8 -f raw "$scratch/full.raw"
  serve_qemu_nbd dst -t -e 8 -f raw "$scratch/other.raw"
}
check_qemu () { expect_same_content "$src" "$dst"; }

title_thin ()
{
  echo "Thin: a qcow2 of $BENCH_THIN with three islands of $BENCH_ISLAND," \
       "to a fresh one, qemu-nbd to qemu-nbd"
}
start_thin ()
{
  local size island at
  requires qemu-img qemu-io qemu-nbd
  size=$(in_bytes "$BENCH_THIN")
  island=$(in_bytes "$BENCH_ISLAND")
  qemu-img create -q -f qcow2 "$scratch/thin.qcow2" "$size"
  for at in 0 $((size / 2)) $((size - 2 * island)); do
    qemu-io -f qcow2 -c "write -P 90 $at $island" "$scratch/thin.qcow2" \
      > "$scratch/qemu-io.log" 2>&1 || fail "qemu-io cannot make the source"
  done
  serve_qemu_nbd src -t -r -e 8 -f qcow2 "$scratch/thin.qcow2"
}
fresh_thin ()
{
  stop_servers dst
  rm -f "$scratch/fresh.qcow2"
  qemu-img create -q -f qcow2 "$scratch/fresh.qcow2" "$BENCH_THIN"
  serve_qemu_nbd dst -t -e 8 -f qcow2 "$scratch/fresh.qcow2"
}
check_thin () { expect_same_content "$src" "$dst"; }

title_vm ()
{
  echo "Like a VM's: a disk of $BENCH_VM, a tenth of it data in short runs," \
       "nbdkit to nbdkit"
}
start_vm ()
{
  requires_plugin sparse-random
  bytes=$(($(in_bytes "$BENCH_VM") / 10))
  serve_nbdkit src sparse-random "$BENCH_VM" seed=1
  serve_nbdkit dst null "$BENCH_VM"
}

title_empty () { echo "Empty: $BENCH_EMPTY of nothing, nbdkit null to null"; }
start_empty ()
{
  serve_nbdkit src null "$BENCH_EMPTY"
  serve_nbdkit dst null "$BENCH_EMPTY"
}

title_corner ()
{
  echo "Corner: a disk of $BENCH_CORNER_DISK with all its data," \
       "$BENCH_CORNER, in its first part; each read and write delayed by 2 ms"
}
start_corner ()
{
  requires_filter delay
  bytes=$(in_bytes "$BENCH_CORNER")
  make_data "$scratch/corner" "$bytes"
  truncate -s "$BENCH_CORNER_DISK" "$scratch/corner"
  serve_nbdkit src -r --filter=delay file "$scratch/corner" rdelay=2ms
  serve_nbdkit dst --filter=delay null "$BENCH_CORNER_DISK" wdelay=2ms
}
check_corner () { :; }

# Prints the time of the slow side alone.
own_time ()
{
  awk -v bytes="$(in_bytes "$BENCH_SLOW_DISK")" -v rate="$BENCH_RATE" \
    'BEGIN { printf "%.2f s", bytes / rate / 1e6 }'
}

title_slow_source ()
{
  echo "Slow source: $BENCH_SLOW_DISK of data from one that delivers" \
       "$BENCH_RATE MB/s, which takes $(own_time)"
}
start_slow_source ()
{
  requires_filter rate
  bytes=$(in_bytes "$BENCH_SLOW_DISK")
  serve_nbdkit src --filter=rate pattern "$BENCH_SLOW_DISK" \
               rate=$((BENCH_RATE * 8000000)) burstiness=0.1
  serve_nbdkit dst null "$BENCH_SLOW_DISK"
}

title_slow_destination ()
{
  echo "Slow destination: $BENCH_SLOW_DISK of data to one that takes" \
       "$BENCH_RATE MB/s, a tenth of what the source can do, which takes" \
       "$(own_time)"
}
start_slow_destination ()
{
  requires_filter rate
  bytes=$(in_bytes "$BENCH_SLOW_DISK")
  serve_nbdkit src --filter=rate pattern "$BENCH_SLOW_DISK" \
               rate=$((BENCH_RATE * 80000000)) burstiness=0.1
  serve_nbdkit dst --filter=rate null "$BENCH_SLOW_DISK" \
               rate=$((BENCH_RATE * 8000000)) burstiness=0.1
}

title_narrow ()
{
  echo "Narrow link: $BENCH_SLOW_DISK of data, $BENCH_RATE MB/s and a delay" \
       "of 10 ms on each side, which takes $(own_time)"
}
start_narrow ()
{
  requires_filter rate delay
  bytes=$(in_bytes "$BENCH_SLOW_DISK")
  serve_nbdkit src --filter=delay --filter=rate pattern "$BENCH_SLOW_DISK" \
               rate=$((BENCH_RATE * 8000000)) burstiness=0.1 rdelay=10ms
  serve_nbdkit dst --filter=delay --filter=rate null "$BENCH_SLOW_DISK" \
               rate=$((BENCH_RATE * 8000000)) burstiness=0.1 wdelay=10ms
}

title_tls () { echo "TLS: $BENCH_TLS of data, nbdkit to nbdkit, with keys"; }
start_tls ()
{
  requires psktool
  requires_tls
  psktool -u alice -p "$tmp/keys" > "$scratch/psktool" 2>&1
  serve_nbdkit_pair "$BENCH_TLS" --tls=require --tls-psk="$tmp/keys"
  src=nbds+unix://alice@${src#*//}\&tls-psk-file=$tmp/keys
  dst=nbds+unix://alice@${dst#*//}\&tls-psk-file=$tmp/keys
  cannot[qemu-img]="it takes no keys in an address"
}

# -- links -------------------------------------------------------------------
# Each read and each write is delayed.  nbdkit has 16 threads per connection by
# default: further requests wait in its socket.

workloads_of_links=()

# define_link NAME MILLISECONDS SIZE [THREADS [one]]; with "one", each program
# has one connection.
define_link ()
{
  workloads_of_links+=("$1")
  eval "title_$1 () { title_of_link $2 \"\$$3\" ${*:4}; }
        start_$1 () { start_link $2 \"\$$3\" ${*:4}; }"
  nothing_to fresh "$1"
  nothing_to check "$1"
}

title_of_link ()
{
  echo "Slow link: $2 of data, each read and each write delayed by $1 ms," \
       "nbdkit${3:+ -t $3} to nbdkit${3:+ -t $3}${4:+, one connection}"
}

start_link ()
{
  requires_filter delay
  bytes=$(in_bytes "$2")
  connections=${4:-}
  serve_nbdkit src --threads="${3:-16}" --filter=delay pattern "$2" \
               rdelay="$1ms"
  serve_nbdkit dst --threads="${3:-16}" --filter=delay null "$2" wdelay="$1ms"
}

define_link link1 1 BENCH_LINK
define_link link5 5 BENCH_LINK
define_link link20 20 BENCH_LINK
define_link link100 100 BENCH_FAR
define_link link20_t64 20 BENCH_LINK 64
define_link link100_t64 100 BENCH_FAR 64
define_link link20_t4 20 BENCH_LINK 4
define_link link100_t4 100 BENCH_FAR 4

# As with a server that allows only one client to write.
define_link link1_c1 1 BENCH_LINK 16 one
define_link link20_c1 20 BENCH_LINK 16 one
define_link link100_c1 100 BENCH_FAR 16 one

# -- networks ----------------------------------------------------------------
# TCP over a link between two network namespaces: see link.c.  The copier and
# the near side are in one of them.

workloads_of_networks=()
: "${BENCH_NET_RATE:=1000}" "${BENCH_NET_QUEUE:=4000}"

# define_network NAME ROUND-TRIP-MILLISECONDS LOSS down|up|one
define_network ()
{
  workloads_of_networks+=("$1")
  eval "title_$1 () { title_of_network $2 $3 $4; }
        start_$1 () { start_network $2 $3 $4; }"
  nothing_to fresh "$1"
  nothing_to check "$1"
}

# Prints the time of the link alone: a packet of 1500 bytes has 1448 of data.
title_of_network ()
{
  local way
  case $3 in
    down) way="from the far side" ;;
    up) way="to the far side" ;;
    one) way="from the far side, over one connection" ;;
  esac
  echo "Network: $BENCH_NET of data $way, $BENCH_NET_RATE Mbit/s," \
       "$1 ms there and back, $(awk -v l="$2" 'BEGIN { print l * 100 }') % of" \
       "the packets lost, which takes $(
         awk -v bytes="$(in_bytes "$BENCH_NET")" -v rate="$BENCH_NET_RATE" \
           'BEGIN { printf "%.2f s", bytes * 8e-6 / rate * 1500 / 1448 }')"
}

# Two namespaces with a link, and addresses in 198.18.0.0/15, which is for
# benchmarks (RFC 2544).
make_network ()
{
  local half here
  net=stripecopy-bench-$$
  for half in near far; do
    ip netns add "$net-$half" 2> "$scratch/netns" ||
      skip "network namespaces are not allowed: $(tail -n 1 "$scratch/netns")"
    networks+=("$net-$half")
  done
  rm -f "$scratch/link"
  "$tools/link" "$net-near" "$net-far" "$(awk -v t="$1" 'BEGIN { print t / 2 }')" \
                "$BENCH_NET_RATE" "$BENCH_NET_QUEUE" "$2" \
                > "$scratch/link" 2>&1 &
  link_pid=$!
  servers+=("$link_pid")
  wait_until link_is_ready
  for half in near far; do
    [ $half = near ] && here=198.18.0.1 || here=198.18.0.2
    ip -n "$net-$half" addr add $here/24 dev link
    ip -n "$net-$half" link set dev link up
    ip -n "$net-$half" link set dev lo up
  done
}
link_is_ready ()
{
  ! grep -qs ready "$scratch/link" || return 0
  kill -0 "$link_pid" ||
    skip "the link did not start: $(tail -n 1 "$scratch/link")"
  false
}

start_network ()
{
  local filter=()
  [ "$(id -u)" = 0 ] || skip "a link needs root"
  requires ip
  make_network "$1" "$2"
  bytes=$(in_bytes "$BENCH_NET")
  inside=(ip netns exec "$net-near")
  [ "$3" != one ] || filter=(--filter=multi-conn)
  if [ "$3" = up ]; then
    serve_nbdkit src pattern "$BENCH_NET"
    serve_far dst null "$BENCH_NET"
  else
    serve_far src "${filter[@]}" pattern "$BENCH_NET" \
              ${filter:+multi-conn-mode=disable}
    dst=null:
    cannot[qemu-img]="it cannot copy to null:"
    cannot[epoll-copy]=${cannot[qemu-img]}
  fi
}

# nbdkit in the far namespace.
serve_far ()
{
  local name=$1
  shift
  ip netns exec "$net-far" \
     nbdkit -f -P "$scratch/$name.pid" -i 198.18.0.2 -p 10809 "$@" &
  servers+=($!)
  printf -v "${name}_pid" %s $!
  wait_until test -s "$scratch/$name.pid"
  printf -v "$name" %s nbd://198.18.0.2
}

end_network ()
{
  local name
  [ -z "${link_pid:-}" ] || stop_server link
  for name in "${networks[@]}"; do
    ip netns del "$name"
  done
  networks=()
}

define_network net20 20 0 down
define_network net20_up 20 0 up
define_network net20_loss 20 0.0001 down
define_network net20_loss_up 20 0.0001 up
define_network net80 80 0 down
define_network net80_up 80 0 up
define_network net80_loss 80 0.0001 down
define_network net80_loss_up 80 0.0001 up
define_network net20_one 20 0 one
