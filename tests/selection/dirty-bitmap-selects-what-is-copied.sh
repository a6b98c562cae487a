#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Blocks that have changed since a dirty bitmap was added are copied, and
# nothing else, from a server and from an image; --plan says how much that is.

. "$(dirname "$0")/../lib/test.sh"
requires qemu-nbd qemu-img qemu-io

qemu-img create -q -f qcow2 "$tmp/disk" 64M
qemu-io -f qcow2 -c 'write -P 1 0 20M' -c 'write -P 2 40M 3M' "$tmp/disk" \
        > "$tmp/log"
qemu-img convert -O raw "$tmp/disk" "$tmp/copy"
qemu-img bitmap --add "$tmp/disk" b0
qemu-io -f qcow2 -c 'write -P 9 5M 64k' -c 'write -z 41M 128k' \
        -c 'write -P 7 63M 1M' "$tmp/disk" > "$tmp/log"
changed=$(((64 + 128 + 1024) * 1024))

# Old data in clean blocks: it must stay as it is.
printf old | dd of="$tmp/copy" bs=1M seek=30 conv=notrunc status=none
cp "$tmp/copy" "$tmp/before"
qemu-img convert -O raw "$tmp/disk" "$tmp/want"
printf old | dd of="$tmp/want" bs=1M seek=30 conv=notrunc status=none

serve_qemu_nbd src -t -e 4 -r -f qcow2 -B b0 "$tmp/disk"
copy_ok --plan --report="$tmp/report" --changed=qemu:dirty-bitmap:b0 \
        "$src" "$tmp/copy"
expect_report 'r["bytes"]["total"] == '$changed \
              'r["bytes"]["unselected"] == (64 << 20) - '$changed \
              'r["plan"]["selection"]["context"] == "qemu:dirty-bitmap:b0"'
copy_ok --report="$tmp/report" --changed=qemu:dirty-bitmap:b0 \
        "$src" "$tmp/copy"
expect_report 'r["bytes"]["total"] == '$changed \
              'r["bytes"]["unselected"] == (64 << 20) - '$changed
expect_same_content "$tmp/want" "$tmp/copy"
copy_fails 2 'does not offer the meta context' --changed=qemu:dirty-bitmap:b1 \
           "$src" "$tmp/copy"
expect_same_content "$tmp/want" "$tmp/copy"
stop_server src

cp "$tmp/before" "$tmp/copy"
copy_ok --source-format=qcow2 --verify --changed=qemu:dirty-bitmap:b0 \
        "$tmp/disk" "$tmp/copy"
expect_same_content "$tmp/want" "$tmp/copy"
copy_fails 2 "Bitmap 'b1' is not found" --source-format=qcow2 \
           --changed=qemu:dirty-bitmap:b1 "$tmp/disk" "$tmp/copy"
