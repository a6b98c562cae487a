# SPDX-License-Identifier: LGPL-2.1-or-later
# What the behaviour tests share: servers, copies under a time limit, checks.  A
# test sources it, states its requirements, starts servers, copies, and checks.
# It exits 0, or 1 with a line that starts with "FAIL:", or 77 with a reason.
# shellcheck shell=bash

set -euo pipefail
export LC_ALL=C
ulimit -c 0                         # servers may crash when clients disconnect
unset POSIXLY_CORRECT NBDKIT_FILTER NBDKIT_GDB LIBNBD_DEBUG

# make sets these; a test that is started by hand finds what was built in the
# source tree.
srcdir=${srcdir:-$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)}
stripecopy=${STRIPECOPY:-$srcdir/../copy/stripecopy}
faulty_server=${FAULTY_SERVER:-$srcdir/faulty-server}
refuse_uring=${REFUSE_URING:-$srcdir/refuse-uring}
factor=${STRIPECOPY_TEST_FACTOR:-1} # set by run-tests for this machine
read -r -a wrapper <<< "${STRIPECOPY_WRAPPER:-}"

# Seconds after which a copy, or anything else that a test waits for, counts as
# hung: ten times the longest duration on a slow machine.
limit=$((600 * factor))

test_name=${0##*/} test_name=${test_name%.sh}
# run-tests gives each test an empty folder and looks into it afterwards.
if [ -n "${TEST_CACHE:-}" ]; then
  tmp=$TMPDIR/t cache=$TEST_CACHE
  mkdir "$tmp" "$tmp/private"       # private is stripecopy's own TMPDIR
else
  tmp=$(mktemp -d) cache=$tmp
  mkdir "$tmp/private"
fi
servers=()                          # pids of the servers that we started
devices=()                          # loop devices that we made
control_groups=()                   # folders, removed at the end
copy_pid=
code=0                              # exit status of the last copy
output=$tmp/copy.out errors=$tmp/copy.err

exec {never}<> <(:)                 # a pipe without writers: see pause
exec {verdicts}>&1                  # standard output may be a copy's

# ---------------------------------------------------------------- verdicts

# Ends the test as failed, and shows the output of the last copy and of the
# servers.
fail ()
{
  local f
  echo "FAIL: $test_name: $*"
  for f in "$output" "$errors" "$tmp"/*.log; do
    [ ! -s "$f" ] || { echo "--- ${f##*/} (its end)"; tail -n 25 "$f"; }
  done
  exit 1
} >&"$verdicts"

# Ends the test as skipped.
skip ()
{
  echo "SKIP: $test_name: $*"
  exit 77
} >&"$verdicts"

# Sleeps for N seconds.  If an event can be waited for, use wait_until instead.
pause () { read -r -t "$1" -u "$never" || :; }

# Waits until a command succeeds.  Fails the test if that takes too long, or if
# the copy in the background ends before.  Checks less often as time goes by,
# because most commands need a process.
wait_until ()
{
  local deadline=$((SECONDS + limit + 1)) n=0
  until "$@"; do
    [ $SECONDS -lt $deadline ] || fail "waited too long for: $*"
    [ -z "$copy_pid" ] || ! copy_has_ended || "$@" ||
      fail "the copy ended before: $*"
    n=$((n + 1))
    pause $((n > 50)).$((n > 50 ? 0 : n > 20 ? 1 : 0))$((n > 20 ? 0 : 1))
  done
}

# Gates: a script that a server runs waits at one by opening it (": < GATE").
# It costs nothing while it waits, and ends when it is killed.
make_gate () { mkfifo "$1"; }

# Opens a gate for all scripts that wait at it, now or later, until the test
# ends.
open_gate () { exec {gate}<> "$1"; }

# Opens a gate in the background when a command succeeds: open_gate_when GATE
# COMMAND...
open_gate_when ()
{
  (
    wait_until "${@:2}"
    open_gate "$1"
    read -r -u "$never"
  ) &
  servers+=($!)
}

# Sets leftovers to the pids of a copy's processes, its servers included: they
# have STRIPECOPY_TEST_COPY in their environment.
find_leftovers ()
{
  local found
  found=$(exec grep -alFs -e "STRIPECOPY_TEST_COPY=$tmp" \
               /proc/[0-9]*/environ) || :
  found=${found//'/proc/'/}
  read -r -d '' -a leftovers <<< "${found//'/environ'/}" || :
}

have_no_leftovers ()
{
  find_leftovers
  [ ${#leftovers[@]} -eq 0 ]
}

# Sends SIGTERM first, so that servers can remove their files in /tmp, and
# SIGKILL to what has not ended five seconds later.
cleanup ()
{
  local pids=("${servers[@]}" ${copy_pid:+"$copy_pid"}) device
  trap '' HUP INT TERM
  find_leftovers
  pids+=("${leftovers[@]}")
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" || :
  for ((i = 0; i < 250 * factor; i++)); do
    kill -0 "${pids[@]}" || break
    pause 0.02
  done
  kill -KILL "${pids[@]}" || :
  wait "${pids[@]}" || :
  for device in "${devices[@]}"; do
    losetup -d "$device" || :
  done
  [ ${#control_groups[@]} -eq 0 ] || rmdir "${control_groups[@]}" || :
  rm -rf "$tmp"
}
trap 'cleanup 2> /dev/null' EXIT
# A signal may come twice, to this process and to its group.  The second one
# must not end the cleanup.
trap 'trap "" HUP INT TERM; exit 1' HUP INT TERM

# ------------------------------------------------------------ requirements

# Skips unless each of these programs is installed.
requires ()
{
  local p
  for p; do
    command -v "$p" > /dev/null || skip "$p is not installed"
  done
}

# Returns true if nbdkit starts with these arguments; success is remembered for
# all tests.
nbdkit_knows ()
{
  local known="$cache/nbdkit-knows $*"
  [ -e "$known" ] || { nbdkit "$@" --version > /dev/null 2>&1 && : > "$known"; }
}

# Skips unless nbdkit has this plugin.
requires_plugin ()
{
  requires nbdkit
  nbdkit_knows "$1" || skip "nbdkit has no $1 plugin"
}

# Skips unless nbdkit has these filters.
requires_filter ()
{
  local f
  requires nbdkit
  for f; do
    nbdkit_knows --filter="$f" null || skip "nbdkit has no $f filter"
  done
}

# Skips unless qemu-nbd and qemu-img know these formats.
requires_formats ()
{
  local f
  requires qemu-nbd qemu-img
  for f; do
    qemu-img create -q -f "$f" "$tmp/probe.$f" 1M 2> "$errors" ||
      skip "qemu-img cannot make $f"
  done
}

# Skips unless nbdkit and certtool can do TLS.
requires_tls ()
{
  requires nbdkit certtool
  nbdkit --dump-config | grep -qx tls=yes || skip "nbdkit has no TLS"
}

# Skips unless JSON can be checked against schemas.
requires_schemas ()
{
  requires python3
  [ -e "$cache/schemas" ] ||
    { python3 -c 'import jsonschema' 2> "$errors" && : > "$cache/schemas"; } ||
    skip "python3 has no jsonschema"
}

# Skips if stripecopy runs under a wrapper or the thread sanitizer, which spoil
# the test.
requires_plain_binary ()
{
  [ ${#wrapper[@]} -eq 0 ] || skip "$1 under ${wrapper[0]}"
  ! grep -qa __tsan_init "$stripecopy" || skip "$1 with the thread sanitizer"
}

# Does the same, and also skips with any other sanitizer.
requires_bare_binary ()
{
  requires_plain_binary "$1"
  [ "${SANITIZERS:-none}" = none ] || skip "$1 with sanitizers"
}

# Skips unless stripecopy was built with GnuTLS, for digests.
requires_digests ()
{
  copy_ok --help
  grep -qe --blkhash "$output" || skip "this build has no digests"
}

# Skips unless files are read and written by io_uring here.
requires_uring ()
{
  touch "$tmp/probe"
  copy_ok -v "$tmp/probe" null:
  grep -q 'by io_uring' "$errors" || skip "this machine has no io_uring"
}

# Refuses io_uring to each further copy.
without_uring ()
{
  "$refuse_uring" true || skip "system calls cannot be refused on this machine"
  wrapper=("$refuse_uring" "${wrapper[@]}")
}

# ------------------------------------------------------------------- disks

# Makes a file of SIZE bytes in which no two blocks are equal and none is zero.
make_data ()
{
  head -c "$2" < <(seq $((100000000 + ${3:-0})) inf) > "$1"
}

# Writes LENGTH bytes of unique data at an OFFSET of a file.  They are letters,
# so that each byte differs from those of make_data.
put_data ()
{
  dd if=<({ seq $((100000000 + $2)) inf | tr '0-9\n' a-k; } 2> "$tmp/seq") \
     of="$1" bs=64k iflag=fullblock,count_bytes count="$3" \
     oflag=seek_bytes seek="$2" conv=notrunc status=none
}

# Makes a sparse file of SIZE MiB with 1 MiB (and some bytes) of data in each 8.
make_islands ()
{
  local mib
  truncate -s "$2"M "$1"
  for ((mib = 1; mib < $2 - 2; mib += 8)); do
    put_data "$1" $((mib * 1049001)) 1050000
  done
}

# Makes a file of SIZE bytes, each of them 0xFF.
make_ones ()
{
  head -c "$2" /dev/zero | tr '\0' '\377' > "$1"
}

# Makes a block device of a file and sets the variable NAME to its name:
# make_device NAME FILE ARGS...
make_device ()
{
  local name=$1 file=$2 made
  shift 2
  requires losetup
  made=$(losetup --find --show "$@" "$file" 2> "$errors") ||
    skip "loop devices cannot be made on this machine"
  devices+=("$made")
  printf -v "$name" %s "$made"
}

# Returns true if a block device can be made of this file.
can_make_device ()
{
  (make_device probe "$1" && losetup -d "$probe") > "$tmp/probe.log"
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

# Makes the usual pair: $tmp/disk of SIZE MiB with islands of data, and
# $tmp/copy of the same size, full of ones, so that each byte that is not copied
# shows.
make_disks ()
{
  make_islands "$tmp/disk" "${1:-32}"
  make_ones "$tmp/copy" "${1:-32}M"
}

# Makes disks of many sizes: $tmp/from/SIZE is all data, $tmp/from/holeSIZE is
# all hole.  Copies go to $tmp/to.
make_sizes ()
{
  local size
  mkdir "$tmp/from" "$tmp/to"
  for size; do
    make_data "$tmp/from/$size" "$size"
    truncate -s "$size" "$tmp/from/hole$size"
  done
}

# Checks that two files hold the same bytes and are of the same size.
expect_identical ()
{
  cmp "$1" "$2" || fail "$1 and $2 differ"
}

# Checks with another client that two NBD exports have the same content.
expect_same_content ()
{
  qemu-img compare -f raw -F raw "$1" "$2" > "$tmp/compare" 2>&1 ||
    fail "$1 and $2 differ: $(cat "$tmp/compare")"
}

# Checks with another program that two images hold the same disk; the longer one
# may only have zeroes after it: FORMAT FILE FORMAT FILE.
expect_same_disk ()
{
  qemu-img compare "driver=$1,file.driver=file,file.filename=${2//,/,,}" \
           "driver=$3,file.driver=file,file.filename=${4//,/,,}" --image-opts \
           > "$tmp/compare" 2>&1 ||
    fail "$2 and $4 differ: $(cat "$tmp/compare")"
}

# ----------------------------------------------------------------- servers
# serve_X NAME ARGS...: starts a server in the background on a unix socket,
# waits until it listens, and sets the variable NAME to its URI.  Its standard
# error goes to $tmp/NAME.log.

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

# Registers a server that was just started, and waits for its pid file.
server_is_up ()
{
  local name=$1
  servers+=($!)
  printf -v "${name}_pid" %s "$!"
  printf -v "$name" %s "nbd+unix:///${3:-}?socket=$tmp/$name.sock"
  wait_until eval "has_pid '$2' || ! kill -0 $! 2> /dev/null"
  kill -0 $! 2> /dev/null || fail "$name server: $(cat "$tmp/$name.log")"
}

# nbdkit: ARGS are its options, plugin and parameters.
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

# qemu-nbd: ARGS are its options and the image.
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

# nbd-server (no structured replies, no extents): ARGS are the file and lines
# for its export's section.
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

# The faulty server: ARGS are its options and the disk's file.  The faults that
# it made are in $tmp/NAME.fired.
serve_faulty ()
{
  local name=$1 pidfile=$tmp/$1.pid
  shift
  remove_old "$pidfile" "$tmp/$name.sock" "$tmp/$name.fired"
  "$faulty_server" --unix="$tmp/$name.sock" --pidfile="$pidfile" \
                 --log="$tmp/$name.fired" "$@" 2> "$tmp/$name.log" &
  server_is_up "$name" "$pidfile"
}

# A web server: ARGS are its folder, and for https a certificate and its key.
# Sets NAME to its address.  Its requests are lines of $tmp/NAME.requests.
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

# Prints the number of bytes that a map marks as finished.
finished_bytes ()
{
  local n=0 size status
  [ -s "$1" ] || fail "there is no map in $1"
  while read -r _ size status; do
    [ "$status" != + ] || n=$((n + size))
  done < <(sed '/^#/d' "$1" | tail -n +2)
  echo $n
}

# Prints how many connections of a logged server carried requests of a kind.
busy_connections ()
{
  request_lines "$1" "$2" | grep -o 'connection=[0-9]*' | sort -u | wc -l
}

# hold_reads FILE NAME N: sets held to arguments for nbdkit that serve a file,
# and answer no read before the logged server NAME has got N connections.
# Otherwise a short copy could end before its other workers have connected.
hold_reads ()
{
  hold_reads_at "$1" "$tmp/$2.gate"
  open_gate_when "$tmp/$2.gate" has_connections "$2" "$3"
}

# hold_reads_at FILE GATE: the same, but until a gate is opened, which it makes.
hold_reads_at ()
{
  requires_plugin eval
  make_gate "$2"
  # shellcheck disable=SC2034
  held=(eval thread_model='echo parallel' can_multi_conn='exit 0'
        get_size="stat -c %s '$1'"
        pread=": < '$2'
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

# ------------------------------------------------------------------ copies

# Checks that the last copy left no processes and no folders.
expect_no_leftovers ()
{
  local left
  have_no_leftovers ||
    fail "still running: $(ps -o pid=,args= -p "${leftovers[*]}")"
  left=("$tmp/private/"*)
  [ ! -e "${left[0]}" ] && [ ! -L "${left[0]}" ] ||
    fail "left in TMPDIR: ${left[*]}"
}

# Checks that the copy neither crashed nor failed in a sanitizer, whatever
# status was expected.
expect_no_crash ()
{
  case $code in
    124|137) fail "the copy hung for $limit seconds" ;;
    13[0-6]|138|139) fail "the copy was killed by signal $((code - 128))" ;;
  esac
  expect_no_reports
}

# A sanitizer must not have reported anything, if one is built in.
expect_no_reports ()
{
  [ "${SANITIZERS:-}" = none ] ||
    ! grep -qE '(Address|Leak|Thread)Sanitizer|runtime error:' "$errors" ||
    fail "a sanitizer reports an error"
}

# Checks that the last copy printed this digest, and nothing else.
expect_digest ()
{
  [ -n "$1" ] || fail "expect_digest needs a digest"
  [ "$(cat "$output")" = "$1" ] ||
    fail "standard output is not $1: $(cat "$output")"
}

# Runs stripecopy, with the caller's standard input and output, and sets code
# and $errors.
run_stream ()
{
  code=0
  STRIPECOPY_TEST_COPY=$tmp TMPDIR=$tmp/private timeout -k 5 "$limit" \
    "${wrapper[@]}" "$stripecopy" "$@" 2> "$errors" || code=$?
  expect_no_crash
  expect_no_leftovers
}

# Does the same with an empty standard input; the output is in $output.
run_copy ()
{
  run_stream "$@" < /dev/null > "$output"
}

# Runs a copy that must succeed, with the caller's standard input and output.
stream_ok ()
{
  run_stream "$@"
  [ $code -eq 0 ] || fail "exit status $code from: stripecopy $*"
}

# Does the same with the standard input and output of run_copy.
copy_ok () { stream_ok "$@" < /dev/null > "$output"; }

# Runs a copy that must end with this exit status and print a matching line,
# with the caller's standard input and output.
stream_fails ()
{
  local want=$1 pattern=$2
  shift 2
  run_stream "$@"
  [ $code -eq "$want" ] || fail "exit status $code, not $want: stripecopy $*"
  expect_error "$pattern"
}

# Does the same with the standard input and output of run_copy.
copy_fails () { stream_fails "$@" < /dev/null > "$output"; }

# copy_right_or_fails FILE FILE ARGS...: runs a copy that may fail with a clear
# message; if it succeeds, the files must be equal.
copy_right_or_fails ()
{
  local from=$1 to=$2
  shift 2
  run_copy "$@"
  case $code in
    0) expect_identical "$from" "$to" ;;
    1) expect_error '^stripecopy: (source|destination) ' ;;
    *) fail "exit status $code from: stripecopy $*" ;;
  esac
}

# Checks that a line on standard error matches.
expect_error ()
{
  grep -qE -e "$1" "$errors" || fail "no line on standard error matches: $1"
}

# Checks that the message of a failed request names a range that contains this
# byte of the disk.
expect_error_at ()
{
  local at length

  read -r at length < <(sed -nE \
    's/^stripecopy: .* offset ([0-9]+) length ([0-9]+): .*/\1 \2/p' "$errors")
  [ "$at" -le "$1" ] && [ $((at + length)) -gt "$1" ] ||
    fail "the message names another range"
}

# Checks that no line on standard error matches.
expect_no_error ()
{
  local found=0
  grep -qE -e "$1" "$errors" || found=$?
  [ $found -eq 1 ] || fail "a line on standard error matches: $1"
}

# Checks JSON against its schema, and its content with Python expressions:
# expect_json report|events FILE EXPRESSION... (see json-check.py)
expect_json ()
{
  local answer=
  if [ -z "${json_check_PID:-}" ]; then
    coproc json_check {
      exec python3 "$srcdir/lib/json-check.py" 2> "$tmp/json-check"
    }
    servers+=("$json_check_PID")
  fi
  printf '%s\0' $# "$@" >&"${json_check[1]}"
  read -r answer <&"${json_check[0]}" || :
  [ "$answer" = ok ] || fail "$(tail -n 25 "$tmp/json-check")"
}

# Do the same for $tmp/report and $tmp/events.
expect_report () { expect_json report "$tmp/report" "$@"; }
expect_events () { expect_json events "$tmp/events" "$@"; }

# Starts a copy in the background, with the caller's standard input and output;
# its pid is in copy_pid.
start_stream ()
{
  : > "$errors"                     # removes the output of the copy before
  env --default-signal=INT STRIPECOPY_TEST_COPY="$tmp" \
      TMPDIR="$tmp/private" "${wrapper[@]}" "$stripecopy" "$@" \
      <&0 2> "$errors" &
  copy_pid=$!
}

# Does the same with an empty standard input; the output is in $output.
start_copy ()
{
  start_stream "$@" < /dev/null > "$output"
}

# Returns true if the copy in the background has no pending signal.
signal_is_taken ()
{
  grep -qE '^ShdPnd:[[:space:]]*0+$' "/proc/$copy_pid/status"
}

# Returns true if the copy in the background has ended.
copy_has_ended () { ! kill -0 "$copy_pid" 2> /dev/null; }

# Waits for the copy in the background, and sets code.
wait_copy ()
{
  wait_until copy_has_ended
  code=0
  wait "$copy_pid" 2> "$tmp/wait" || code=$?
  copy_pid=
  case $code in
    132|134|135|136|139) fail "the copy was killed by signal $((code - 128))" ;;
  esac
  expect_no_reports
}
