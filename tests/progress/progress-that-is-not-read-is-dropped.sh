#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A reader that keeps the pipe for progress or standard error open but never
# reads it does not stop the copy: lines that do not fit are dropped.

. "$(dirname "$0")/../lib/test.sh"

make_islands "$tmp/disk" 32
mkfifo "$tmp/pipe"
exec {held}<> "$tmp/pipe"
dd if=/dev/zero of="$tmp/pipe" bs=4k oflag=nonblock status=none 2> "$errors" ||
  grep -q 'temporarily unavailable' "$errors" || fail "the pipe is not full"

copy_ok --progress=3 "$tmp/disk" "$tmp/copy" 3>&"$held"
expect_identical "$tmp/disk" "$tmp/copy"

rm "$tmp/copy"
code=0
timeout -k 5 "$limit" "${wrapper[@]}" "$stripecopy" -p "$tmp/disk" \
        "$tmp/copy" 2>&"$held" < /dev/null || code=$?
[ $code -eq 0 ] || fail "exit status $code when standard error is not read"
expect_identical "$tmp/disk" "$tmp/copy"
