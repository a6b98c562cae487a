#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file cannot be copied onto itself, under any name.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 1M
cp "$tmp/disk" "$tmp/before"
ln "$tmp/disk" "$tmp/hard"
ln -s disk "$tmp/soft"
ln -s soft "$tmp/softer"

same='^stripecopy: destination .*same file .*\(allowed with --allow-same-disk\)$'
for name in disk hard soft softer ./disk private/../disk; do
  copy_fails 2 "$same" "$tmp/disk" "$tmp/$name"
  copy_fails 2 "$same" "$tmp/$name" "$tmp/disk"
  expect_identical "$tmp/before" "$tmp/disk"
done
