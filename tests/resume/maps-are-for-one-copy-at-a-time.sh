#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# While a copy runs, its map is in use and refused to a second copy with status
# 5.  Afterwards it is free, even if the copy was killed.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 16M
make_ones "$tmp/copy" 16M
serve_nbdkit dst file "$tmp/copy"

# A second copy, while the first one runs.
expect_in_use ()
{
  code=0
  "${wrapper[@]}" "$stripecopy" --map="$tmp/map" "$@" "$src" "$dst" \
    2> "$tmp/second.log" || code=$?
  [ $code -eq 5 ] || fail "exit status $code, not 5, of a second copy"
  grep -q '^stripecopy: --map=.*in use' "$tmp/second.log" ||
    fail "the error does not name the map"
}

for signal in TERM KILL; do
  serve_logged src -r file "$tmp/disk"
  # The rate limit makes it take minutes.
  start_copy --bwlimit=64K --map="$tmp/map" --map-interval=1 "$src" "$dst"
  wait_until has_request src Read
  expect_in_use
  expect_in_use --plan
  expect_in_use --resume=never
  kill -$signal "$copy_pid"
  wait_copy
  stop_server src
done
serve_nbdkit src -r file "$tmp/disk"
copy_ok --map="$tmp/map" "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
