#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A device that is mounted, or is on both sides, or is backed by the other side,
# is refused and nothing is touched.

. "$(dirname "$0")/../lib/test.sh"
requires mke2fs

truncate -s 16M "$tmp/back"
make_data "$tmp/disk" 16M
# The file system is made completely, because the kernel would continue once it
# is mounted.
mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 "$tmp/back"
make_device device "$tmp/back"
cp "$tmp/back" "$tmp/before"

copy_fails 2 'destination .*same' "$device" "$device"
copy_fails 2 'destination .*same' "$tmp/back" "$device"
copy_fails 2 'destination .*same' "$device" "$tmp/back"
expect_identical "$tmp/before" "$tmp/back"

# Mounted.
(
  mkdir "$tmp/mounted"
  # The kernel writes into a device that is mounted for writing when it likes.
  mount -o ro "$device" "$tmp/mounted" 2> "$errors" || skip "mounting is refused"
  trap 'umount "$tmp/mounted"' EXIT
  cp "$device" "$tmp/before"
  copy_fails 5 'destination .*in use' "$tmp/disk" "$device"
  copy_fails 5 'destination .*in use' --plan "$tmp/disk" "$device"
  copy_fails 5 'source .*in use' "$device" null:
  expect_identical "$tmp/before" "$device"
)
copy_ok "$tmp/disk" "$device"
expect_identical "$tmp/disk" "$device"
