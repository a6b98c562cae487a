#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With --map, the next run of a --salvage reads only the places that could not
# be read.  Places that can be read now are copied, and the exit status is 0
# once none is left.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file

make_data "$tmp/disk" 8M
make_ones "$tmp/ones" 8M
salvage=(--salvage=zero --retries=0 --map="$tmp/map")
all=('512 512' '1000448 1536' '2097152 65536' '8388096 512')

for destination in server file; do
  rm -f "$tmp/map"
  cp "$tmp/ones" "$tmp/copy"
  serve_nbdkit dst file "$tmp/copy"
  [ $destination = server ] || dst=$tmp/copy
  bad_places "${all[@]}"
  serve_bad src
  copy_fails 1 '68096 of 8388608 bytes cannot be read, in 4 places' \
             "${salvage[@]}" "$src" "$dst"
  stop_server src

  # The same again: nothing else is read.
  serve_bad src
  copy_fails 1 '68096 of 8388608 bytes cannot be read, in 4 places' \
             "${salvage[@]}" "$src" "$dst"
  expect_only_bad_reads src
  expect_bad_in_map "$tmp/map"
  stop_server src

  # Two of them can be read now, and a part of another.
  bad_places '512 512' '2097152 4096'
  serve_bad src
  cp "$tmp/bad" "$tmp/left"
  copy_fails 1 '4608 of 8388608 bytes cannot be read, in 2 places' \
             "${salvage[@]}" "$src" "$dst"
  bad_places "${all[@]}"
  expect_only_bad_reads src
  cp "$tmp/left" "$tmp/bad"
  expect_bad_in_map "$tmp/map"
  truncate -s 8M "$tmp/zeroes"
  expect_salvaged "$tmp/copy" "$tmp/zeroes"
  stop_server src

  # All of it can be read: without --salvage, too.
  serve_faulty src --requests="$tmp/src.reads" "$tmp/disk"
  copy_ok --map="$tmp/map" "$src" "$dst"
  expect_identical "$tmp/disk" "$tmp/copy"
  [ -z "$(blocks_of_map "$tmp/map" -)" ] || fail "the map has bad places"
  copy_ok "${salvage[@]}" "$src" "$dst"
  expect_error 'everything is copied already'
  stop_server src
  stop_server dst
done
