#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --verify reads the block status again, after the copy has filled holes of a
# file.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 16M
truncate -s 16M "$tmp/copy"
copy_ok -T 1 --verify --shard=1/1 "$tmp/disk" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
