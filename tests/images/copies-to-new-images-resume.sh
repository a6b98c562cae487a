#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy to a new image, which may be a little larger than the disk, is resumed
# by its map.  If the image is gone, the map belongs to another copy.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2

make_data "$tmp/disk" 3000001
goes_on ()
{
  copy_ok -p --map="$tmp/map" --destination-format=qcow2 \
          "$tmp/disk" "$tmp/new.qcow2"
  expect_same_disk raw "$tmp/disk" qcow2 "$tmp/new.qcow2"
}

goes_on
expect_no_error resumed
sed -i '$s/.*/0x0 0x100000 +\n0x100000 1951425 ?/' "$tmp/map"
goes_on
expect_error ', 1.0 MiB resumed$'
goes_on
expect_error 'nothing to do$'
rm "$tmp/new.qcow2"
copy_fails 6 'destination size: 3000320 in the map, 0 now' --map="$tmp/map" \
           --destination-format=qcow2 "$tmp/disk" "$tmp/new.qcow2"
[ ! -e "$tmp/new.qcow2" ] || fail "an image was made"
