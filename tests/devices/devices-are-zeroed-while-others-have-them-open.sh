#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Holes of any size become zeroes on a block device, even if other programs have
# it open or have dirtied its pages.  Dirty pages, or pages that are half data,
# are no reason to fail.

. "$(dirname "$0")/../lib/test.sh"
requires python3 losetup blockdev
requires_formats qcow2

size=$((8 << 20))

# A disk of holes and data of 512 bytes to 64 KiB each, and one long hole; and
# an image with the same holes, whose server reports each of them.
python3 - "$tmp/disk" $size << 'EOF' > "$tmp/words"
import random, sys

size = int(sys.argv[2])
dice = random.Random(20260131)
at = 0
with open(sys.argv[1], "wb") as disk:
    disk.truncate(size)
    while True:
        hole = 512 * dice.choice((1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 40, 128))
        if at < size // 2 < at + hole:
            hole = 1 << 20
        data = 512 * dice.choice((1, 2, 3, 7, 8, 9, 24, 64))
        at += hole
        if at + data > size:
            break
        disk.seek(at)
        disk.write(dice.randbytes(data))
        print(f"write -P {dice.randrange(1, 256)} {at} {data}")
        at += data
EOF
qemu-img create -q -f qcow2 -o extended_l2=on,cluster_size=16k \
         "$tmp/disk.qcow2" $size
qemu-io -f qcow2 "$tmp/disk.qcow2" < "$tmp/words" > "$tmp/qemu-io" 2>&1 ||
  fail "qemu-io failed"
qemu-img convert -f qcow2 -O raw "$tmp/disk.qcow2" "$tmp/image"

# A reader has filled the page cache, and a writer has dirtied each page.  Both
# still have the device open.
held=
hold ()
{
  case $1 in
    none) ;;
    reader) exec {held}< "$device"; cat "$device" > "$tmp/read" ;;
    writer)
      exec {held}<> "$device"
      make_ones /dev/stdout "$size" |
        dd of="/dev/fd/$held" bs=64k conv=notrunc iflag=fullblock status=none
      ;;
  esac
}

let_go ()
{
  [ -z "$held" ] || exec {held}>&-
  held=
}

# copy_under_all FILE ARGS...: copies, and checks that the page cache and the
# disk both hold the content of FILE.
copy_under_all ()
{
  local want=$1 holder
  shift
  for holder in none reader writer; do
    rm -f "$tmp/map"
    hold "$holder"
    copy_ok "$@" "$device"
    let_go
    cmp -n "$size" "$want" "$device" ||
      fail "they differ, held by $holder: stripecopy $*"
    blockdev --flushbufs "$device"
    cmp -n "$size" "$want" "$device" ||
      fail "the disk differs, held by $holder: stripecopy $*"
  done
}

for sector in 512 4096; do
  make_ones "$tmp/back" $size
  make_device device "$tmp/back" --sector-size "$sector"
  for ring in yes no; do
    [ $ring = yes ] || without_uring
    copy_under_all "$tmp/disk" "$tmp/disk"
    copy_under_all "$tmp/disk" --sparse=512 --threads=4 --connections=4 \
                   --request-size=64k "$tmp/disk"
    copy_under_all "$tmp/disk" --allocated --threads=2 "$tmp/disk"
    copy_under_all "$tmp/disk" --synchronous "$tmp/disk"
    copy_under_all "$tmp/image" --source-format=qcow2 "$tmp/disk.qcow2"
    copy_under_all "$tmp/disk" --map="$tmp/map" --sparse=512 "$tmp/disk"
    hold writer
    stream_ok --sparse=512 - "$device" < <(cat "$tmp/disk")
    let_go
    cmp -n "$size" "$tmp/disk" "$device" || fail "a stream differs"
  done
  read -r -a wrapper <<< "${STRIPECOPY_WRAPPER:-}"
done
