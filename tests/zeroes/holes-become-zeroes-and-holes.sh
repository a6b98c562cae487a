#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Holes of the source overwrite the old content of the destination.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks 64
serve_logged src -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"

copy_ok "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests dst Zero -ge 1

# Only data was read, and only once.
read=$(request_bytes src Read)
[ "$read" -ge $((8 * 1050000)) ] && [ "$read" -le $((9 * 1100000)) ] ||
  fail "$read bytes were read"
