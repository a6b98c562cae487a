#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy to a block device that is killed repeatedly is resumed by the same
# command: at once, though the kernel may still hold the device for a moment,
# and with holes of any size, while another program has dirty pages of the
# device.

. "$(dirname "$0")/../lib/test.sh"
requires python3 losetup blockdev

size=$((16 << 20))
python3 - "$tmp/disk" $size << 'EOF'
import random, sys

size = int(sys.argv[2])
dice = random.Random(20260213)
at = 0
with open(sys.argv[1], "wb") as disk:
    disk.truncate(size)
    while at + 200000 < size:
        at += 512 * dice.choice((1, 3, 8, 15, 17, 64, 200))
        data = dice.randbytes(512 * dice.choice((1, 2, 7, 8, 24, 100)))
        disk.seek(at)
        disk.write(data)
        at += len(data)
EOF

has_written () { cmp -s -n $((mib << 20)) "$tmp/disk" "$device"; }

for sector in 512 4096; do
  make_ones "$tmp/back" $size
  make_device device "$tmp/back" --sector-size "$sector"
  exec {held}<> "$device"
  make_ones /dev/stdout $size |
    dd of="/dev/fd/$held" bs=64k conv=notrunc iflag=fullblock status=none
  rm -f "$tmp/map"
  for mib in 1 2 4 6; do
    # The rate limit makes it take much longer than until it is killed.
    start_copy --map="$tmp/map" --map-interval=1 --threads=1 --sparse=512 \
               --request-size=64k --bwlimit=512K "$tmp/disk" "$device"
    wait_until has_written
    kill -KILL "$copy_pid"
    wait "$copy_pid" 2> "$tmp/wait" || :
    copy_pid=
  done
  copy_ok --map="$tmp/map" --sparse=512 "$tmp/disk" "$device"
  exec {held}>&-
  cmp -n $size "$tmp/disk" "$device" || fail "they differ, sector $sector"
  blockdev --flushbufs "$device"
  cmp -n $size "$tmp/disk" "$device" || fail "the disk differs, sector $sector"
done
