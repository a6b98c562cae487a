#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If the source reports no extents, or with --no-extents, all of it is read.

. "$(dirname "$0")/../lib/test.sh"
requires_filter noextents
requires_plugin file

make_disks
serve_logged src --filter=noextents -r file "$tmp/disk"
serve_logged dst --filter=noextents file "$tmp/copy"
copy_ok "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests src Extents -eq 0
[ "$(request_bytes src Read)" -eq $((32 << 20)) ] ||
  fail "some bytes were not read"

make_disks
serve_logged asked -r file "$tmp/disk"
copy_ok --no-extents "$asked" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests asked Extents -eq 0
[ "$(request_bytes asked Read)" -eq $((32 << 20)) ] ||
  fail "some bytes were not read"
