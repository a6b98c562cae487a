#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination that reports old data as zeroes makes the copy and a comparison
# wrong, but not a comparison with --no-extents.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter extentlist

truncate -s 16M "$tmp/disk"
put_data "$tmp/disk" 1048576 1M
make_ones "$tmp/copy" 16M
printf '%s\n' '0 1M hole,zero' '1M 1M' '2M 14M hole,zero' > "$tmp/extents"
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst --filter=extentlist file "$tmp/copy" \
             extentlist="$tmp/extents"

copy_ok --verify "$src" "$dst"
! cmp -s "$tmp/disk" "$tmp/copy" || fail "the copy was not deceived"
copy_ok --compare "$src" "$dst"
copy_fails 4 'offset 0 length 1048576$' --compare --no-extents "$src" "$dst"
copy_fails 4 'bytes of 16777216 differ' --verify --no-extents \
           "$src" "$dst"
copy_ok --verify --no-extents --destination-is-zero=no "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
