#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The part of the destination after the source's end is not changed.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks 16
truncate -s +1000 "$tmp/disk"
make_ones "$tmp/copy" 17M
make_ones "$tmp/tail" $(((17 << 20) - (16 << 20) - 1000))
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"

copy_ok "$src" "$dst"
head -c $(((16 << 20) + 1000)) "$tmp/copy" | cmp - "$tmp/disk" ||
  fail "the copy differs"
tail -c +$(((16 << 20) + 1001)) "$tmp/copy" | cmp - "$tmp/tail" ||
  fail "the tail was touched"
