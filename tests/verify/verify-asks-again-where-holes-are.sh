#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file's holes that the copy has filled are none any more for --verify.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 16M
truncate -s 16M "$tmp/copy"
copy_ok -T 1 --verify --shard=1/1 "$tmp/disk" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
