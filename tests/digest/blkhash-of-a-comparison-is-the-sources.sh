#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With --compare and with --verify, --blkhash prints the digest that a copy
# prints, if both sides are the same.

. "$(dirname "$0")/../lib/test.sh"
requires_digests
requires_plugin file

make_islands "$tmp/disk" 32
serve_nbdkit src -r file "$tmp/disk"
copy_ok --blkhash "$src" null:
digest=$(< "$output")

copy_ok --verify --blkhash "$src" "$tmp/copy"
expect_digest "$digest"
for workers in 1 2 4; do
  copy_ok --compare --blkhash -T $workers "$src" "$tmp/copy"
  expect_digest "$digest"
  copy_ok --compare --blkhash -T $workers --no-extents "$tmp/copy" "$src"
  expect_digest "$digest"
done

# Zeroes that are a hole on one side only.
make_data "$tmp/full" 32M
dd if=/dev/zero of="$tmp/full" bs=1M count=20 seek=5 conv=notrunc status=none
cp --sparse=always "$tmp/full" "$tmp/holes"
copy_ok --blkhash "$tmp/full" null:
digest=$(< "$output")
copy_ok --compare --blkhash "$tmp/full" "$tmp/holes"
expect_digest "$digest"
copy_ok --compare --blkhash "$tmp/holes" "$tmp/full"
expect_digest "$digest"

put_data "$tmp/full" $((10 << 20)) 1
run_copy --compare --blkhash "$tmp/full" "$tmp/holes"
[ $code -eq 4 ] || fail "exit status $code"
[ ! -s "$output" ] || fail "a digest of disks that differ was printed"
