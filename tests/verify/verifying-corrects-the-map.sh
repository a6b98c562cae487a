#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --verify reads everything, also the finished ranges of the map, and removes
# differing ranges from the map: the same command copies only these again.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks 16
serve_logged src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"

copy_ok --map="$tmp/map" "$src" "$dst"
printf '\377' | dd of="$tmp/copy" bs=1 seek=1100000 conv=notrunc status=none
copy_ok --map="$tmp/map" "$src" "$dst"  # not found without --verify

copy_fails 4 'offset 1099776 length 512$' --verify --map="$tmp/map" \
           "$src" "$dst"
[ "$(finished_bytes "$tmp/map")" -eq $((16777216 - 512)) ] ||
  fail "$(finished_bytes "$tmp/map") bytes are finished"

stop_server src
serve_logged src -r file "$tmp/disk"
copy_ok --map="$tmp/map" "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
[ "$(request_bytes src Read)" -eq 512 ] ||
  fail "$(request_bytes src Read) bytes were read"
copy_ok -p --verify --map="$tmp/map" "$src" "$dst"
expect_error 'compared 16.0 MiB .* no difference$'
