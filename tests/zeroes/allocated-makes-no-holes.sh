#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --allocated writes or zeroes every byte, and asks for no holes.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 32
truncate -s 32M "$tmp/copy"
serve_nbdkit src -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"

copy_ok --allocated "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
bytes=$(($(request_bytes dst Write) + $(request_bytes dst Zero)))
[ $bytes -eq $((32 << 20)) ] || fail "$bytes bytes were written or zeroed"
request_lines dst Zero | grep -q trim=0 || fail "nothing was zeroed"
! request_lines dst Zero | grep -q trim=1 || fail "holes were asked for"
expect_requests dst Trim -eq 0
