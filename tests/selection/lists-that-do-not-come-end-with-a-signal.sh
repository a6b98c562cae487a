#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy that waits for a list which is never written, or never ends, ends with
# the first signal and writes nothing.

. "$(dirname "$0")/../lib/test.sh"

make_disks 1
cp "$tmp/copy" "$tmp/before"
mkfifo "$tmp/list"
for signal in INT TERM; do
  start_copy --extents="$tmp/list" "$tmp/disk" "$tmp/copy"
  exec 3> "$tmp/list" # waits until the list is opened
  [ $signal = INT ] || echo '[ {"byte_offset":0,"size_bytes":4096},' >&3
  kill -$signal "$copy_pid"
  wait_copy
  exec 3>&-
  [ $code -eq $((128 + $(kill -l $signal))) ] || fail "exit status $code"
  expect_identical "$tmp/before" "$tmp/copy"
done

# The list itself may come late, or in pieces.
start_copy --extents="$tmp/list" "$tmp/disk" "$tmp/copy"
{
  printf '[ {"byte_offset":0,"size'
  printf '_bytes":1048576} ]'
} > "$tmp/list"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/copy"
