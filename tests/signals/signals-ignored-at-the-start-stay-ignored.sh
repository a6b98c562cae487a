#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A signal that was ignored when stripecopy was started does not end the copy;
# the others still do.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 8M
plain_wrapper=("${wrapper[@]}")

# Starts a copy of the data that the test writes to descriptor $feed.
start_with_ignored ()
{
  wrapper=(env --ignore-signal="$1" "${plain_wrapper[@]}")
  mkfifo "$tmp/fifo"
  start_copy -v "$tmp/fifo" "$tmp/copy"
  exec {feed}> "$tmp/fifo"
  head -c 4M "$tmp/disk" >&"$feed"
  wait_until grep -q 'worker 0: start' "$errors"
  rm "$tmp/fifo"
}

for signal in INT TERM HUP; do
  start_with_ignored $signal
  kill -$signal "$copy_pid"
  # The pipe breaks if the signal has ended the copy.
  tail -c +$((4 * 1024 * 1024 + 1)) "$tmp/disk" 2> "$tmp/tail" >&"$feed" || :
  exec {feed}>&-
  wait_copy
  [ $code -eq 0 ] || fail "SIG$signal was ignored, but exit status $code"
  expect_identical "$tmp/disk" "$tmp/copy"
  rm "$tmp/copy"
done

start_with_ignored INT,HUP
kill -INT "$copy_pid"
kill -TERM "$copy_pid"
wait_copy
exec {feed}>&-
[ $code -eq 143 ] || fail "exit status $code after SIGTERM"
