#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image may be on a block device, on either side.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2

make_islands "$tmp/disk" 8
truncate -s 16M "$tmp/below"
make_device device "$tmp/below"

# An image is never made on a device, which may hold other data.
copy_fails 1 'destination .*exited with status 1' --destination-format=qcow2 \
           "$tmp/disk" "$device"
cmp -n 16777216 "$tmp/below" /dev/zero || fail "something was written"

qemu-img create -q -f qcow2 "$device" 8M
copy_ok --destination-format=qcow2 "$tmp/disk" "$device"
copy_ok --source-format=qcow2 "$device" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
copy_fails 2 'destination .*same file' --source-format=qcow2 "$device" \
           "$tmp/below"
