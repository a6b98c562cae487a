#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --salvage=zero zeroes the destination where the source cannot be read, also
# where it cannot zero; --salvage=leave writes nothing there.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file
requires_filter nozero

make_data "$tmp/disk" 4M
make_ones "$tmp/ones" 4M
truncate -s 4M "$tmp/zeroes"
bad_places '0 1024' '700416 512' '2097152 65536' '4193792 512'
salvage=(--retries=0 --map="$tmp/map" --resume=never)
serve_bad src

for filter in '' --filter=nozero; do
  cp "$tmp/ones" "$tmp/copy"
  # shellcheck disable=SC2086
  serve_logged dst $filter file "$tmp/copy"
  copy_fails 1 'these bytes are zeroed at the destination' --salvage=zero \
             "${salvage[@]}" "$src" "$dst"
  expect_salvaged "$tmp/copy" "$tmp/zeroes"
  expect_bad_in_map "$tmp/map"
  stop_server dst
done

cp "$tmp/ones" "$tmp/copy"
serve_logged dst file "$tmp/copy"
copy_fails 1 'these bytes are left as they were' --salvage=leave \
           "${salvage[@]}" "$src" "$dst"
expect_salvaged "$tmp/copy" "$tmp/ones"
expect_requests dst Zero -eq 0
stop_server dst

# A file is emptied first, so what cannot be read is zero there.
cp "$tmp/ones" "$tmp/copy"
copy_fails 1 'these bytes are zeroes at the destination' --salvage --retries=0 \
           "$src" "$tmp/copy"
expect_salvaged "$tmp/copy" "$tmp/zeroes"
