# SPDX-License-Identifier: LGPL-2.1-or-later
# Shared by all behaviour tests: verdicts, waiting, requirements, cleaning up.
# A test sources it, states its requirements, makes disks (disks.sh), starts
# servers (servers.sh), and runs and checks copies (copy.sh).  It exits 0, or 1
# with a line that starts with "FAIL:", or 77 with a reason.
# shellcheck shell=bash

set -euo pipefail
export LC_ALL=C TERM=xterm
ulimit -c 0                         # servers may crash when clients disconnect
unset POSIXLY_CORRECT NBDKIT_FILTER NBDKIT_GDB LIBNBD_DEBUG

# make sets these; a test that is started by hand uses the programs that were
# built in the source tree.
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
control_groups=()                   # removed at the end, with those below
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
# the copy in the background ends before.  Checks less often as time passes,
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
# SIGKILL to processes that have not ended five seconds later.
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
  [ ${#control_groups[@]} -eq 0 ] ||
    find "${control_groups[@]}" -depth -type d -exec rmdir {} ';' || :
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

# ------------------------------------------------------------ what tests use

# shellcheck source=disks.sh
. "$srcdir/lib/disks.sh"
# shellcheck source=servers.sh
. "$srcdir/lib/servers.sh"
# shellcheck source=copy.sh
. "$srcdir/lib/copy.sh"
