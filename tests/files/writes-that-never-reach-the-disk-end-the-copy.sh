#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk whose writes fail after the page cache has accepted them is an error,
# even if the disk works again before the flush.

. "$(dirname "$0")/../lib/test.sh"
mkdir "$tmp/small"
mount -t tmpfs -o size=97m tmpfs "$tmp/small" 2> "$errors" ||
  skip "mounting is refused"
truncate -s 112M "$tmp/small/disk"
fallocate -o 16M -l 96M "$tmp/small/disk"       # no room for the rest
( make_device device "$tmp/small/disk"; echo "$device" > "$tmp/device" )
umount -l "$tmp/small"                  # unmounted once the device is gone
[ -s "$tmp/device" ] || skip "loop devices cannot be made on this machine"
device=$(cat "$tmp/device")
devices+=("$device")
make_data "$tmp/disk" 112M

for i in with without; do
  copy_fails 1 '^stripecopy: destination .* failed' -T 1 "$tmp/disk" "$device"
  ! dd if="$device" iflag=direct bs=1M status=none 2> /dev/null |
    cmp -s - "$tmp/disk" || fail "$i a ring: the copy has the whole disk"
  without_uring
done
