#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server whose disk is full ends the copy, for data and for zeroes, and the
# source is not affected.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin full

make_islands "$tmp/disk" 8
truncate -s 8M "$tmp/hole"
cp "$tmp/disk" "$tmp/before"
serve_nbdkit src file "$tmp/disk"

full='destination \[ nbdkit full 8M ]'
where='at offset [0-9]+ length [0-9]+'
for from in "$src" "$tmp/disk"; do
  copy_fails 1 "^stripecopy: $full: write failed $where: .*No space" \
             "$from" [ nbdkit full 8M ]
done
copy_fails 1 "^stripecopy: $full: (zero|write) failed $where: .*No space" \
           --destination-is-zero=no "$tmp/hole" [ nbdkit full 8M ]
expect_identical "$tmp/before" "$tmp/disk"
copy_ok "$src" "$tmp/copy"
expect_identical "$tmp/before" "$tmp/copy"
