#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Two signals end a copy whose main thread is blocked, here by a pipe for the
# trace that is open but never read.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

signal_ends_it ()
{
  kill -TERM "$copy_pid" 2> "$tmp/kill" || :
  copy_has_ended
}

make_data "$tmp/disk" 64M
mkfifo "$tmp/pipe"
exec {held}<> "$tmp/pipe"
dd if=/dev/zero of="$tmp/pipe" bs=4k oflag=nonblock status=none 2> "$errors" ||
  grep -q 'temporarily unavailable' "$errors" || fail "the pipe is not full"

start_copy --trace="$tmp/pipe" "$tmp/disk" "$tmp/copy"
wait_until cmp -s "$tmp/disk" "$tmp/copy"
wait_until signal_ends_it
wait_copy
[ $code -eq 143 ] || fail "exit status $code after two signals"
exec {held}>&-
