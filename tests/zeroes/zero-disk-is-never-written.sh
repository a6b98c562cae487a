#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk of zeroes is copied by zero requests only, whether its zeroes are known
# from extents or found in the data.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

truncate -s 64M "$tmp/disk"
serve_logged src -r file "$tmp/disk"

make_ones "$tmp/copy" 64M
serve_logged dst file "$tmp/copy"
copy_ok "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests src Read -eq 0
expect_requests dst Write -eq 0
expect_requests dst Zero -ge 1

make_ones "$tmp/copy2" 64M
serve_logged dst2 file "$tmp/copy2"
copy_ok --no-extents "$src" "$dst2"
expect_identical "$tmp/disk" "$tmp/copy2"
[ "$(request_bytes src Read)" -eq $((64 << 20)) ] ||
  fail "some bytes were not read"
expect_requests dst2 Write -eq 0
expect_requests dst2 Zero -ge 1
