#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image with a snapshot, and an overlay that qemu-nbd serves, only grow by
# the clusters that have changed; an ordinary copy fills them.  The snapshot and
# the backing file keep their content.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2
requires python3

make_data "$tmp/disk" 32M
truncate -s 48M "$tmp/disk"
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/image"
cp "$tmp/disk" "$tmp/old"
for mib in 3 17 40; do
  put_data "$tmp/disk" $(((mib << 20) + 70000)) 5000
done
dd if=/dev/zero of="$tmp/disk" bs=1M seek=20 count=1 conv=notrunc status=none

# Prints the clusters of 64 KiB that the upper layer of an image has.
clusters ()
{
  qemu-img map --output=json -f qcow2 "$1" | python3 -c '
import json, sys
print(sum(-(-e["length"] // 65536) for e in json.load(sys.stdin)
          if e["depth"] == 0 and (e["data"] or e["zero"])
          and e.get("present", True)))'
}

# An overlay.
qemu-img create -q -f qcow2 -F qcow2 -b image "$tmp/overlay"
cp "$tmp/image" "$tmp/image.before"
serve_qemu_nbd dst -f qcow2 --shared=4 --discard=unmap "$tmp/overlay"
copy_ok --update -T 2 --report="$tmp/report" "$tmp/disk" "$dst"
stop_server dst
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/overlay"
expect_identical "$tmp/image.before" "$tmp/image"
expect_report 'r["bytes"]["data"] <= 3 * 3 * 4096' \
              'r["bytes"]["zero"] == 1 << 20'
n=$(clusters "$tmp/overlay")
[ "$n" -ge 19 ] && [ "$n" -le 22 ] || fail "the overlay has $n clusters"

# The same again: nothing.
sum=$(sha256sum < "$tmp/overlay")
serve_qemu_nbd dst -f qcow2 --shared=4 "$tmp/overlay"
copy_ok --update --report="$tmp/report" "$tmp/disk" "$dst"
stop_server dst
expect_report 'r["status"] == "unchanged"'
[ "$sum" = "$(sha256sum < "$tmp/overlay")" ] || fail "the overlay was written to"

# An image with a snapshot, as a file.
qemu-img snapshot -c before "$tmp/image"
size=$(stat -c %s "$tmp/image")
copy_ok --update --destination-format=qcow2 --report="$tmp/report" \
        "$tmp/disk" "$tmp/image"
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/image"
grown=$(($(stat -c %s "$tmp/image") - size))
[ $grown -le $((2 << 20)) ] || fail "the image has grown by $grown bytes"
qemu-img convert -l before -f qcow2 -O raw "$tmp/image" "$tmp/snapshot"
expect_identical "$tmp/old" "$tmp/snapshot"
qemu-img check -q "$tmp/image" || fail "the image is damaged"

# An image that does not exist is created, and then updated.
copy_ok --update --destination-format=qcow2 --report="$tmp/report" \
        "$tmp/old" "$tmp/new"
expect_report 'not r["plan"]["update"] and r["changed"]'
copy_ok --update --destination-format=qcow2 --report="$tmp/report" \
        "$tmp/disk" "$tmp/new"
expect_report 'r["plan"]["update"] and r["bytes"]["data"] <= 3 * 3 * 4096'
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/new"
