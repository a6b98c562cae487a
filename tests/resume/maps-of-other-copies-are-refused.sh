#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A map of other names, of a changed source, or of other sizes or options is
# refused with status 6 and the difference, and nothing is touched.

. "$(dirname "$0")/../lib/test.sh"

make_disks
cp "$tmp/disk" "$tmp/other"
copy_ok --map="$tmp/map" --source-id=monday "$tmp/disk" "$tmp/copy"
cp "$tmp/map" "$tmp/map-before"
make_ones "$tmp/copy" 32M              # so that each byte that is copied shows
cp "$tmp/copy" "$tmp/before"

# refused WHAT ARGS...
refused ()
{
  local what=$1
  shift
  copy_fails 6 "^stripecopy: --map=.*map is for a different copy: $what" \
             --map="$tmp/map" "$@"
  copy_fails 6 "map is for a different copy: $what" \
             --map="$tmp/map" --plan "$@"
  expect_identical "$tmp/map-before" "$tmp/map"
  expect_identical "$tmp/before" "$tmp/copy"
}

refused 'source: ' --source-id=monday "$tmp/other" "$tmp/copy"
refused 'destination: ' --source-id=monday "$tmp/disk" "$tmp/new"
[ ! -e "$tmp/new" ] || fail "a destination was made"
refused 'source id: monday in the map, tuesday now' --source-id=tuesday \
        "$tmp/disk" "$tmp/copy"
refused 'source id: monday in the map, none now' "$tmp/disk" "$tmp/copy"
refused 'options: ' --source-id=monday --allocated "$tmp/disk" "$tmp/copy"
# Another file of the same name and size.
cp "$tmp/copy" "$tmp/other"
mv "$tmp/copy" "$tmp/old"
mv "$tmp/other" "$tmp/copy"
refused 'destination file: [0-9].* in the map, [0-9].* now' --source-id=monday \
        "$tmp/disk" "$tmp/copy"
mv "$tmp/old" "$tmp/copy"
truncate -s 16M "$tmp/copy" "$tmp/before"
refused 'destination size: 33554432 in the map, 16777216 now' \
        --source-id=monday "$tmp/disk" "$tmp/copy"
truncate -s 33M "$tmp/disk"
refused 'source size: 33554432 in the map, 34603008 now' --source-id=monday \
        "$tmp/disk" "$tmp/copy"

# With --resume=never it is overwritten.
copy_ok --map="$tmp/map" --resume=never "$tmp/disk" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"

# A file that was removed and made again often has the same inode number.
make_ones "$tmp/copy" 16M
make_data "$tmp/disk" 16M
serve_faulty src --mode=read-error --offset=12582912 "$tmp/disk"
rm -f "$tmp/map"
copy_fails 3 'read failed' --retries=0 --map="$tmp/map" "$src" "$tmp/copy"
[ "$(finished_bytes "$tmp/map")" -gt 0 ] || fail "nothing is finished"
rm "$tmp/copy"
truncate -s 16M "$tmp/copy"
copy_fails 6 'destination file: ' --map="$tmp/map" "$src" "$tmp/copy"
