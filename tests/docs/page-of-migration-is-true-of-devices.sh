#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for block devices.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
requires_formats qcow2

make_islands "$page_folder/old.img" 16
qemu-img convert -f raw -O qcow2 "$page_folder/old.img" "$page_folder/old.qcow2"
make_ones "$tmp/disk" 20M
cp "$tmp/disk" "$tmp/tail"
make_device old "$page_folder/old.img"
make_device new "$tmp/disk"
export old new

run_section MIGRATION.md "Block devices"
put_file_over () { dd if="$1" of="$2" bs=1M conv=notrunc status=none; }
put_file_over "$page_folder/old.img" "$tmp/tail"
expect_identical "$tmp/tail" "$tmp/disk"
expect_same_disk raw "$tmp/tail" qcow2 "$page_folder/from-device.qcow2"
