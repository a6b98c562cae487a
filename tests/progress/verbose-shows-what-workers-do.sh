#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# -v prints each worker's extents, reads, writes, zeroes and flushes.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
copy_ok -v -T 2 -C 2 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_error '^stripecopy: worker [0-9]+: extent offset='
expect_error '^stripecopy: worker [0-9]+: flush$'
for word in read write zero; do
  expect_error "^stripecopy: worker [0-9]+ request [0-9]+: $word offset="
done
[ ! -s "$output" ] || fail "standard output is not empty"

copy_ok "$src" "$dst"
expect_no_error worker.*read
