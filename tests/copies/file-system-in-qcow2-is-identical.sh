#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A real file system in a qcow2 is copied to a new one, which passes qemu-img
# check and is no larger than the result of nbdcopy.

. "$(dirname "$0")/../lib/test.sh"
requires mke2fs qemu-img qemu-nbd nbdcopy

mkdir "$tmp/files"
cp "$srcdir"/*/*-*.sh "$tmp/files"
for n in 1 2 3; do
  make_data "$tmp/files/data$n" $((n * 3333333)) $((n * 1000))
done
mke2fs -q -F -t ext4 -d "$tmp/files" "$tmp/disk" 512M
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/disk.qcow2"
for to in ours theirs; do
  qemu-img create -q -f qcow2 "$tmp/$to.qcow2" 512M
done

from=(qemu-nbd -r -e 4 -f qcow2 "$tmp/disk.qcow2")
copy_ok -- [ "${from[@]}" ] [ qemu-nbd -e 4 -f qcow2 "$tmp/ours.qcow2" ]
nbdcopy --flush -- [ "${from[@]}" ] [ qemu-nbd -f qcow2 "$tmp/theirs.qcow2" ]

qemu-img compare -f raw -F qcow2 "$tmp/disk" "$tmp/ours.qcow2" ||
  fail "the copy differs"
qemu-img check -q "$tmp/ours.qcow2" || fail "the copy is damaged"
ours=$(stat -c %s "$tmp/ours.qcow2") theirs=$(stat -c %s "$tmp/theirs.qcow2")
[ "$ours" -le "$theirs" ] || fail "$ours bytes, where nbdcopy makes $theirs"
