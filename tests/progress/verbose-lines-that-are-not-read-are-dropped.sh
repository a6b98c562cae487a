#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Also with --verbose, a pipe for standard error that is never read does not
# stop the copy: lines that do not fit are dropped and counted.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
mkfifo "$tmp/pipe"
exec {pipe}<> "$tmp/pipe"
serve_nbdkit src -r file "$tmp/disk"

# copies_unread ARGS...: copies while the pipe is full.
copies_unread ()
{
  make_ones "$tmp/copy" 32M
  dd if=/dev/zero of="$tmp/pipe" bs=4k oflag=nonblock status=none 2> "$errors" ||
    grep -q 'temporarily unavailable' "$errors" || fail "the pipe is not full"
  code=0
  timeout -k 5 "$limit" "${wrapper[@]}" "$stripecopy" \
          --report="$tmp/report" --request-size=64k "$@" "$src" "$tmp/copy" \
          2>&"$pipe" < /dev/null || code=$?
  [ $code -eq 0 ] || fail "exit status $code with an unread pipe: $*"
  expect_identical "$tmp/disk" "$tmp/copy"
  grep -q '"log-lines-dropped"' "$tmp/report" || fail "no line was dropped: $*"
}

copies_unread -v
copies_unread -vv

# A late reader learns how many lines were dropped.  The lines about the start
# are, and others follow when the reads are answered.
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_logged held_src -r "${held[@]}"
STRIPECOPY_TEST_COPY=$tmp "${wrapper[@]}" "$stripecopy" -v -T 1 -R 1 \
  --request-size=64k "$held_src" "$tmp/copy" 2> "$tmp/pipe" < /dev/null &
copy_pid=$!
wait_until has_request held_src Read
: > "$errors"                   # removes the output of dd
cat <&"$pipe" > "$errors" &
servers+=($!)
wait_until test -s "$errors"
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
wait_until grep -qaE 'stripecopy: [0-9]+ lines were dropped here' "$errors"
