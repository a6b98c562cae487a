#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# However make stress ends, its processes end, too.  The files of a run that was
# killed are removed by the next run.

. "$(dirname "$0")/../lib/test.sh"
requires python3
requires_plugin file
python3 -c 'import os; os.pidfd_open' 2> "$errors" ||
  skip "python3 has no pidfd_open"
mkdir "$tmp/stress"

# Prints the processes of the stress test, without its main process.
workers ()
{
  grep -alFs -e "STRIPECOPY_STRESS=$tmp/stress" /proc/[0-9]*/environ || :
}
has_workers () { [ -n "$(workers)" ]; }
has_no_workers () { [ -z "$(workers)" ]; }

# Starts a long stress test, and waits until it copies.
start_stress ()
{
  STRIPECOPY=$(realpath "$stripecopy") FAULTY_SERVER=$(realpath "$faulty_server") \
    TMPDIR=$tmp/stress STRIPECOPY_WRAPPER='' PYTHONDONTWRITEBYTECODE=1 \
    python3 "$srcdir/stress/run" --seed=5 --cases=10000 --sources=nbdkit \
    > "$output" 2> "$errors" &
  servers=($!)
  wait_until has_workers
}

for signal in INT TERM; do
  start_stress
  # Background jobs of a shell ignore SIGINT until they set a handler.
  kill -"$signal" "${servers[0]}"
  code=0
  wait "${servers[0]}" || code=$?
  [ $code -eq 1 ] || fail "exit status $code after SIG$signal"
  grep -q '^stress: [0-9]* cases, .*, seed 5$' "$output" ||
    fail "there is no last line after SIG$signal"
  has_no_workers || fail "still running after SIG$signal: $(workers)"
  [ -z "$(ls -A "$tmp/stress")" ] || fail "left after SIG$signal"
done

start_stress
kill -KILL "${servers[0]}"
wait "${servers[0]}" 2> "$tmp/wait" || :
wait_until has_no_workers
[ -n "$(ls -A "$tmp/stress")" ] || fail "there is nothing to remove"
TMPDIR=$tmp/stress PYTHONDONTWRITEBYTECODE=1 \
  python3 "$srcdir/stress/run" --list=1 > "$output" 2> "$errors"
expect_error '^stress: removing the remains in '
[ -z "$(ls -A "$tmp/stress")" ] || fail "the files were not removed"
servers=()
