#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk full of data arrives byte for byte.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 64M
make_ones "$tmp/copy" 64M
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"

copy_ok "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
