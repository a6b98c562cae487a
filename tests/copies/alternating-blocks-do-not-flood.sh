#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk that changes between data and zeroes with each block takes a bounded
# number of requests, not one per block.

. "$(dirname "$0")/../lib/test.sh"
requires_filter noextents
requires_plugin file

# 8 MiB: 1024 blocks of data with 1024 of zeroes between them.
seq -f '%04096.0f' 1 1024 | dd cbs=8192 conv=block status=none |
  tr ' ' '\0' > "$tmp/disk"
make_ones "$tmp/copy" 8M
serve_nbdkit src --filter=noextents -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"

copy_ok "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
n=$(($(requests dst Write) + $(requests dst Zero)))
[ $n -le 1100 ] || fail "$n requests for 8 MiB"
