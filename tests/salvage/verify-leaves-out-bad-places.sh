#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --verify after a --salvage compares everything but the bad places, with and
# without a list of extents; a list selects what is salvaged.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file
requires_schemas

make_islands "$tmp/disk" 16
make_ones "$tmp/ones" 16M
bad_places '1049088 512' '1572864 8192' '9441280 512'
salvage=(--salvage --retries=0 --verify --report="$tmp/report")
serve_bad src

for workers in 1 4; do
  cp "$tmp/ones" "$tmp/copy"
  serve_nbdkit dst file "$tmp/copy"
  copy_fails 1 '9216 of 16777216 bytes cannot be read, in 3 places' \
             "${salvage[@]}" -C $workers -T $workers "$src" "$dst"
  expect_salvaged "$tmp/copy" "$tmp/ones"
  expect_report 'r["verify"]["differing"] == 0' \
                'r["verify"]["compared"] + r["verify"]["holes"] == 16777216 - 9216' \
                'r["unreadable"]["bytes"] == 9216'
  stop_server dst
done

# Only a part of the disk, with one of the places.
printf '%s\n' '0 ? 1' '0 1048576 ?' '1048576 65536 +' '1114112 7274496 ?' \
       '8388608 512 +' '8389120 8388096 ?' > "$tmp/list"
cp "$tmp/ones" "$tmp/copy"
serve_nbdkit dst file "$tmp/copy"
copy_fails 1 '512 of 66048 bytes cannot be read, in 1 place;' \
           "${salvage[@]}" --extents="$tmp/list" "$src" "$dst"
expect_report 'r["bytes"]["total"] == 66048' 'r["bytes"]["unreadable"] == 512' \
              'r["verify"]["compared"] + r["verify"]["holes"] == 66048 - 512'
cp "$tmp/ones" "$tmp/want"
for part in '1048576 512' '1049600 64512' '8388608 512'; do
  dd if="$tmp/disk" of="$tmp/want" bs=64k iflag=skip_bytes,count_bytes \
     skip="${part% *}" count="${part#* }" oflag=seek_bytes \
     seek="${part% *}" conv=notrunc status=none
done
expect_identical "$tmp/want" "$tmp/copy"
stop_server dst

