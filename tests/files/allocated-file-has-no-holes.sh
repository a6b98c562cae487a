#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --allocated gives a file all its blocks, where the file system can.

. "$(dirname "$0")/../lib/test.sh"

fallocate -l 1M "$tmp/probe" || skip "the file system cannot allocate"
make_islands "$tmp/disk" 32
make_ones "$tmp/old" 40M
for to in new old; do
  copy_ok --allocated "$tmp/disk" "$tmp/$to"
  expect_identical "$tmp/disk" "$tmp/$to"
  [ "$(du -k "$tmp/$to" | cut -f 1)" -ge $((32 * 1024)) ] ||
    fail "$to has holes"
done
