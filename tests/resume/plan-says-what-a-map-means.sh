#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --plan with a map prints the bytes that are left, or that there is no map yet,
# and makes and changes nothing.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 16M
make_ones "$tmp/copy" 16M

cp "$tmp/copy" "$tmp/copy-before"
copy_ok --plan --map="$tmp/map" "$tmp/disk" "$tmp/copy"
expect_error '^stripecopy: --map=.*: the whole disk will be copied'
[ ! -e "$tmp/map" ] || fail "a map was made"
expect_identical "$tmp/copy-before" "$tmp/copy"
copy_fails 2 'no map' --plan --map="$tmp/map" --resume=require \
           "$tmp/disk" "$tmp/copy"

copy_ok --map="$tmp/map" "$tmp/disk" "$tmp/copy"
copy_ok --plan --map="$tmp/map" "$tmp/disk" "$tmp/copy"
expect_error '^stripecopy: --map=.*: everything is copied already'
sed -i '$s/.*/0x0 0x400000 +\n0x400000 0xC00000 ?/' "$tmp/map"
cp "$tmp/map" "$tmp/before"
make_ones "$tmp/copy" 16M
copy_ok --plan --map="$tmp/map" "$tmp/disk" "$tmp/copy"
expect_error ': resuming: 4.0 MiB are copied already, 12.0 MiB are left$'
copy_ok --plan --map="$tmp/map" --resume=never "$tmp/disk" "$tmp/copy"
expect_error '^stripecopy: --map=.*: the whole disk will be copied'
expect_identical "$tmp/before" "$tmp/map"
expect_identical "$tmp/copy-before" "$tmp/copy"
