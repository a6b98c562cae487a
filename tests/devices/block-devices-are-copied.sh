#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Block devices are copied from and to, with sectors of any size.

. "$(dirname "$0")/../lib/test.sh"

make_islands "$tmp/disk" 64
truncate -s $((64 * 1048576 - 3 * 512)) "$tmp/disk"
for sector in 512 4096; do
  make_ones "$tmp/back" 64M
  make_device device "$tmp/back" --sector-size "$sector"
  copy_ok "$tmp/disk" "$device"
  cmp -n "$(stat -c %s "$tmp/disk")" "$tmp/disk" "$device" ||
    fail "they differ, with sectors of $sector"
  cmp -i $((64 * 1048576 - 3 * 512)) <(make_ones /dev/stdout 64M) "$device" ||
    fail "the tail of the device was touched"
  copy_ok --allocated "$tmp/disk" "$device"
  cmp -n "$(stat -c %s "$tmp/disk")" "$tmp/disk" "$device" ||
    fail "they differ, allocated with sectors of $sector"
  copy_ok "$device" "$tmp/copy"
  expect_identical "$device" "$tmp/copy"
  copy_ok "$device" null:
done

make_ones "$tmp/small" 63M
make_device device "$tmp/small"
copy_fails 2 'destination .*is too small' "$tmp/disk" "$device"
# The device keeps its old content.
cmp <(make_ones /dev/stdout 63M) "$device" || fail "it was written to"
