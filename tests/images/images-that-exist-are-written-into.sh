#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An existing image is neither made again nor resized.  The data after the end
# of the source stays, and so do the options of the format. --plan does not
# touch the image.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2 vmdk
requires qemu-io

make_disks 16
qemu-img create -q -f qcow2 -o cluster_size=4k "$tmp/image" 32M
qemu-io -f qcow2 -c 'write -q -P 255 0 32M' "$tmp/image"
chmod 600 "$tmp/image"
sum=$(md5sum < "$tmp/image")
inode=$(stat -c %i "$tmp/image")

copy_ok --plan --destination-format=qcow2 "$tmp/disk" "$tmp/image"
[ "$(md5sum < "$tmp/image")" = "$sum" ] || fail "--plan changed it"

copy_ok --destination-format=qcow2 "$tmp/disk" "$tmp/image"
[ "$(stat -c %i:%a "$tmp/image")" = "$inode:600" ] || fail "it was replaced"
qemu-img info "$tmp/image" > "$output"
grep -q 'cluster_size: 4096' "$output" || fail "the image was made again"
make_ones "$tmp/want" 32M
dd if="$tmp/disk" of="$tmp/want" bs=1M conv=notrunc status=none
expect_same_disk raw "$tmp/want" qcow2 "$tmp/image"

# Zeroed clusters are no longer allocated.
[ "$(du -k "$tmp/image" | cut -f1)" -lt 24000 ] || fail "zeroes are stored"
