#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ranges that the destination reported as zeroes before a crash may have
# changed.  Data that was being read meanwhile is written as if nothing were
# known.

. "$(dirname "$0")/../lib/test.sh"

make_ones "$tmp/copy" 4M
make_data "$tmp/disk" 4M
truncate -s 4M "$tmp/zeroes"
head -c 64K /dev/zero |
  dd of="$tmp/disk" bs=64k seek=16 conv=notrunc status=none
serve_faulty dst --mode=crash --after=32 --times=1 "$tmp/copy"
# The whole disk is zeroes, but only in the server's memory.
copy_ok --no-flush "$tmp/zeroes" "$dst"
[ ! -s "$tmp/dst.fired" ] || fail "it crashed too soon"
# The zeroes are being read when it crashes, and were seen there before.
serve_faulty src --without=extents --mode=read-silent --offset=1048576 --times=1 \
           "$tmp/disk"
copy_ok -v -C 1 -R 2 --request-size=64K --stall-timeout=$factor --retry-wait=0.01 \
        "$src" "$dst"
expect_fired src
expect_fired dst
expect_identical "$tmp/disk" "$tmp/copy"
