#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --sparse sets the size of zeroes that are looked for in data.  Smaller holes
# that the source reports are kept.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

# 1 MiB in which each second block of 32 KiB is a hole.
truncate -s 1M "$tmp/disk"
for ((i = 0; i < 32; i += 2)); do
  head -c 32k /dev/urandom |
    dd of="$tmp/disk" bs=32k seek=$i conv=notrunc status=none
done
make_ones "$tmp/copy" 1M
serve_logged src -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"

copy_ok --sparse=512k "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
[ "$(request_bytes src Read)" -eq 524288 ] || fail "holes were read"
[ "$(request_bytes dst Zero)" -eq 524288 ] || fail "holes were written"
