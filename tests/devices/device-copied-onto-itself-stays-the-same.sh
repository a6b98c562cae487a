#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With --allow-same-disk, one block device is source and destination.  A loop
# device and its file are not one disk, because it may show a part of it; and a
# device in use is refused.

. "$(dirname "$0")/../lib/test.sh"

make_islands "$tmp/disk" 32
cp "$tmp/disk" "$tmp/before"
make_device device "$tmp/disk"
ln -s "$device" "$tmp/link"
same=--allow-same-disk

for options in '' '-T 3' --allocated --verify --compare --no-extents; do
  # shellcheck disable=SC2086,SC2154
  copy_ok $same $options "$device" "$tmp/link"
  cmp "$tmp/before" "$device" || fail "the device was changed: $options"
done
copy_ok $same -v "$device" "$tmp/link"
expect_error 'copied .* data'

copy_fails 2 'destination .*is the same device' "$device" "$tmp/link"
for pair in "$device $tmp/disk" "$tmp/disk $device"; do
  # shellcheck disable=SC2086
  copy_fails 2 'destination .*is the same (file|device) as source [^ ]*$' $same \
             $pair
done

copy_fails 2 '^stripecopy: --map=.*same device' $same --map="$tmp/link" \
           "$device" "$device"

requires mkfs.ext4 mount
mkfs.ext4 -q "$device"
(
  mkdir "$tmp/mounted"
  # The kernel writes into a device that is mounted for writing when it likes.
  mount -o ro "$device" "$tmp/mounted" 2> "$errors" || skip "mounting is refused"
  trap 'umount "$tmp/mounted"' EXIT
  cp "$device" "$tmp/before"
  copy_fails 5 'destination .*in use' $same "$device" "$tmp/link"
  expect_identical "$tmp/before" "$device"
)
