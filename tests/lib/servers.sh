# SPDX-License-Identifier: LGPL-2.1-or-later
# Starts the servers of the tests, and counts the requests that they got.
# Sourced by test.sh.
#
# serve_X NAME ARGS...: starts a server in the background on a unix socket,
# waits until it listens, and sets the variable NAME to its URI.  Its standard
# error goes to $tmp/NAME.log.
# shellcheck shell=bash disable=SC2154

# Removes files that an earlier server of the same name has left.
remove_old ()
{
  local f
  for f; do
    [ ! -e "$f" ] || rm "$f"
  done
}

# Returns true if a pid file is complete.
has_pid () { [ -s "$1" ]; }

# Notes the server just started, and waits for its pid file.  A copy in the
# background may end before: a server listens before it writes that file.
server_is_up ()
{
  local name=$1 copy_pid=
  servers+=($!)
  printf -v "${name}_pid" %s "$!"
  printf -v "$name" %s "nbd+unix:///${3:-}?socket=$tmp/$name.sock"
  wait_until eval "has_pid '$2' || ! kill -0 $! 2> /dev/null"
  kill -0 $! 2> /dev/null || fail "$name server: $(cat "$tmp/$name.log")"
}

# Starts nbdkit: ARGS are its options, plugin and parameters.
serve_nbdkit ()
{
  local name=$1 pidfile=$tmp/$1.pid
  shift
  requires nbdkit
  remove_old "$pidfile" "$tmp/$name.sock"
  nbdkit -f --exit-with-parent -P "$pidfile" -U "$tmp/$name.sock" "$@" \
         2> "$tmp/$name.log" &
  server_is_up "$name" "$pidfile"
}

# The same, with a log of each request from the client.
serve_logged ()
{
  local name=$1
  shift
  requires_filter log
  remove_old "$tmp/$name.requests"
  serve_nbdkit "$name" --filter=log "$@" logfile="$tmp/$name.requests"
}

# nbdkit at an address of another kind: serve_at NAME KIND ARGS..., where KIND
# is tcp4, tcp6, vsock, or abstract.  Sets NAME_port, except for an abstract
# socket, whose name is $tmp/NAME.
serve_at ()
{
  local name=$1 kind=$2 pidfile=$tmp/$1.pid
  shift 2
  requires nbdkit python3
  remove_old "$pidfile"
  python3 "$srcdir/lib/listen.py" "$pidfile" "$kind" "$tmp/$name" -- \
          nbdkit -f --exit-with-parent "$@" 2> "$tmp/$name.log" &
  server_is_up "$name" "$pidfile"
  printf -v "${name}_port" %s "$(tail -n 1 "$pidfile")"
}

# Starts qemu-nbd: ARGS are its options and the image.
serve_qemu_nbd ()
{
  local name=$1 pidfile=$tmp/$1.pid
  shift
  requires qemu-nbd
  remove_old "$pidfile" "$tmp/$name.sock"
  qemu-nbd --pid-file="$pidfile" -k "$tmp/$name.sock" "$@" \
           2> "$tmp/$name.log" &
  server_is_up "$name" "$pidfile"
}

# Starts nbd-server (no structured replies, no extents): ARGS are the file and
# lines for its export's section.
serve_nbd_server ()
{
  local name=$1 file=$2
  shift 2
  requires nbd-server nbdinfo
  printf '%s\n' "[generic]" "unixsock = $tmp/$name.sock" \
         "[disk]" "exportname = $file" "$@" > "$tmp/$name.conf"
  nbd-server -C "$tmp/$name.conf" -p "$tmp/$name.pid" > "$tmp/$name.log" 2>&1
  printf -v "$name" %s "nbd+unix:///disk?socket=$tmp/$name.sock"
  wait_until eval "has_pid '$tmp/$name.pid' && nbdinfo --size '${!name}' \
                   > '$tmp/$name.size' 2>&1"
  printf -v "${name}_pid" %s "$(< "$tmp/$name.pid")"
  servers+=("$(< "$tmp/$name.pid")")
}

# Starts the faulty server: ARGS are its options and the disk's file.  It lists
# its faults in $tmp/NAME.fired.
serve_faulty ()
{
  local name=$1 pidfile=$tmp/$1.pid
  shift
  remove_old "$pidfile" "$tmp/$name.sock" "$tmp/$name.fired"
  "$faulty_server" --unix="$tmp/$name.sock" --pidfile="$pidfile" \
                 --log="$tmp/$name.fired" "$@" 2> "$tmp/$name.log" &
  server_is_up "$name" "$pidfile"
}

# Starts a web server: ARGS are its folder, and for https a certificate and its
# key.  Sets NAME to its address.  Its requests are lines of $tmp/NAME.requests.
serve_web ()
{
  local name=$1 pidfile=$tmp/$1.pid scheme=http
  shift
  requires python3 curl
  [ $# -eq 1 ] || scheme=https
  remove_old "$pidfile" "$tmp/$name.requests"
  python3 "$srcdir/lib/range-server.py" "$pidfile" "$tmp/$name.port" \
          "$tmp/$name.requests" "$@" 2> "$tmp/$name.log" &
  server_is_up "$name" "$pidfile"
  printf -v "$name" %s "$scheme://localhost:$(< "$tmp/$name.port")"
}

# Starts two servers, src for $tmp/disk and dst for $tmp/copy. The server of one
# side is faulty, and faulty is set to its name: serve_pair source|destination
# ARGS..., where ARGS are options of faulty-server. Ends an earlier pair first.
serve_pair ()
{
  local side=$1
  shift
  [ -z "${faulty:-}" ] || { stop_server src; stop_server dst; }
  case $side in
    source)
      faulty=src
      serve_faulty src "$@" "$tmp/disk"
      serve_nbdkit dst file "$tmp/copy" ;;
    destination)
      faulty=dst
      serve_nbdkit src -r file "$tmp/disk"
      serve_faulty dst "$@" "$tmp/copy" ;;
  esac
}

# Ends a server, optionally by another signal.
stop_server ()
{
  local pid=${1}_pid
  kill "-${2:-TERM}" "${!pid}" 2> /dev/null || :
  wait "${!pid}" 2> /dev/null || :
}

# Checks that the faulty server made its fault.
expect_fired ()
{
  [ -s "$tmp/$1.fired" ] || fail "$1: the fault never fired"
}

# The lines of a logged server that start a request of a kind (Read, Write,
# Zero, Extents, Flush, Trim) or a connection (Connect); further arguments are
# grep's.
request_lines ()
{
  grep "${@:3}" -E " $2( id=[0-9]+)? (offset|export|\.\.\.)" \
       "$tmp/$1.requests" || :
}

# Prints the number of these lines.
requests () { request_lines "$1" "$2" -c; }

# Returns true if a logged server has got a request of a kind.
has_request ()
{
  [ "$(requests "$1" "$2")" -gt 0 ]
}

# Checks that all connections of logged servers used TLS.
expect_encrypted ()
{
  local name

  for name; do
    request_lines "$name" Connect | grep -q tls=1 ||
      fail "$name was not encrypted"
  done
}

# Prints the length of each request of a kind, one per line.
request_sizes ()
{
  local count
  request_lines "$1" "$2" | sed -n 's/.* count=\(0x[0-9a-f]*\).*/\1/p' |
    while read -r count; do
      echo $((count))
    done
}

# Print their sum, and the largest of them.
request_bytes () { request_sizes "$@" | awk '{ n += $1 } END { print n + 0 }'; }
largest_request () { request_sizes "$@" | sort -n | tail -n 1; }

# Prints how many connections of a logged server carried requests of a kind.
busy_connections ()
{
  request_lines "$1" "$2" | grep -o 'connection=[0-9]*' | sort -u | wc -l
}

# are_busy NAME KIND N: returns true if N connections of a logged server have
# carried requests of a kind.  With -R 1, as many workers have work.
are_busy ()
{
  [ -e "$tmp/$1.requests" ] && [ "$(busy_connections "$1" "$2")" -eq "$3" ]
}

# hold_reads FILE NAME N: sets held to arguments for nbdkit that serve a file,
# and answer no read before the logged server NAME has got N connections.
# Otherwise a short copy could end before its other workers have connected.
hold_reads ()
{
  hold_reads_at "$1" "$tmp/$2.gate"
  open_gate_when "$tmp/$2.gate" has_connections "$2" "$3"
}

# hold_reads_at FILE GATE [TEST]: the same, but until a gate is opened, which it
# makes.  With a test, such as "-ge 4096", only reads whose offsets pass it are
# held.
hold_reads_at ()
{
  requires_plugin eval
  make_gate "$2"
  # shellcheck disable=SC2034
  held=(eval thread_model='echo parallel' can_multi_conn='exit 0'
        get_size="stat -c %s '$1'"
        pread="[ ! \$4 ${3:--ge 0} ] || : < '$2'
               dd if='$1' bs=64k iflag=skip_bytes,count_bytes skip=\$4 \
                  count=\$3 status=none")
}

has_connections ()
{
  [ -e "$tmp/$1.requests" ] && [ "$(requests "$1" Connect)" -ge "$2" ]
}

# Checks the number of requests: expect_requests NAME KIND TEST NUMBER.
expect_requests ()
{
  local n
  [[ $2 = @(Read|Write|Zero|Extents|Flush|Trim|Connect) ]] ||
    fail "there is no kind of request $2"
  [ -s "$tmp/$1.requests" ] || fail "the log of $1 is empty"
  n=$(requests "$1" "$2")
  test "$n" "$3" "$4" || fail "$1 got $n $2 requests, not $3 $4"
}

# Makes a folder with an authority, and a server and a client certified by it.
make_certificates ()
{
  local dir=$1 who
  mkdir "$dir"
  printf '%s\n' 'cn = "authority"' ca cert_signing_key > "$dir/ca.info"
  printf '%s\n' 'cn = "localhost"' 'dns_name = "localhost"' tls_www_server \
         tls_www_client signing_key encryption_key > "$dir/peer.info"
  {
    certtool --generate-privkey --key-type=ecdsa --outfile "$dir/ca-key.pem"
    certtool --generate-self-signed --load-privkey "$dir/ca-key.pem" \
             --template "$dir/ca.info" --outfile "$dir/ca-cert.pem"
    for who in server client; do
      certtool --generate-privkey --key-type=ecdsa \
               --outfile "$dir/$who-key.pem"
      certtool --generate-certificate --load-privkey "$dir/$who-key.pem" \
               --load-ca-certificate "$dir/ca-cert.pem" \
               --load-ca-privkey "$dir/ca-key.pem" \
               --template "$dir/peer.info" --outfile "$dir/$who-cert.pem"
    done
  } > "$tmp/certtool" 2>&1 || fail "certtool: $(cat "$tmp/certtool")"
}
