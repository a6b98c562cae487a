#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A device that is in use is refused, and the error names the user and how to
# free the device: a mount, swap space, a device on top of it, or a program.
# The same holds if one of its partitions is in use, or the disk that it is a
# partition of.

. "$(dirname "$0")/../lib/test.sh"
requires mke2fs

make_data "$tmp/disk" 1M
truncate -s 32M "$tmp/back"
# One partition of 8 MiB, which begins after 1 MiB.
printf '\0\0\0\0\x83\0\0\0\0\x08\0\0\0\x40\0\0' |
  dd of="$tmp/back" bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of="$tmp/back" bs=1 seek=510 conv=notrunc status=none
mke2fs -q -t ext4 -E offset=$((2048 * 512)) "$tmp/back" 8M 2> "$errors"
make_device device "$tmp/back" --partscan
part=${device}p1
mkdir "$tmp/a place"

# mounted DEVICE: checks the errors while DEVICE is mounted, for DEVICE and for
# the whole disk.
mounted ()
{
  local name=$1
  (
    mount "$1" "$tmp/a place" 2> "$errors" ||
      { echo "mounting is refused"; exit; }
    trap 'umount "$tmp/a place"' EXIT
    by="in use by another program: .*${name##*/} is mounted on $tmp/a place .to release: umount"
    copy_fails 5 "destination $1: $by" "$tmp/disk" "$1"
    copy_fails 5 "destination $device: $by" "$tmp/disk" "$device"
    copy_fails 5 "destination $device: $by" --plan "$tmp/disk" "$device"
    copy_fails 5 "source $device: $by" "$device" null:
  )
}

if [ -b "$part" ]; then
  mounted "$part"
else
  echo "this machine has no partitions on loop devices"
fi
mke2fs -q -F -t ext4 "$device" 2> "$errors"
mounted "$device"

# Swap space.
(
  if ! mkswap "$device" > "$tmp/mkswap" 2>&1 ||
     ! swapon "$device" 2>> "$tmp/mkswap"; then
    echo "swap space is not allowed"
    exit
  fi
  trap 'swapoff "$device"' EXIT
  copy_fails 5 "destination $device: .*$device is swap space .to release: swapoff" \
             "$tmp/disk" "$device"
)

# A device on top of it.
(
  name=stripecopy-test-$$
  echo "0 8192 linear $device 0" |
    dmsetup create "$name" > "$tmp/dmsetup" 2>&1 ||
    { echo "there is no device mapper"; exit; }
  trap 'dmsetup remove --retry "$name"' EXIT
  copy_fails 5 "$device is a part of the device $name .to release: dmsetup remove" \
             "$tmp/disk" "$device"
)

# A program.
if command -v python3 > "$tmp/python"; then
  mkfifo "$tmp/hold"
  exec {hold}<> "$tmp/hold"
  python3 -c '
import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL)
open(sys.argv[2], "w").close()
sys.stdin.readline()' "$device" "$tmp/held" <&"$hold" &
  servers+=($!)
  wait_until test -e "$tmp/held"
  copy_fails 5 "another program has opened it exclusively .lsof $device lists" \
             "$tmp/disk" "$device"
  echo >&"$hold"
  wait $!
fi
copy_ok "$tmp/disk" "$device"
