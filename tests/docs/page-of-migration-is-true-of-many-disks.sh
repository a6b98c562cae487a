#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for many disks.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
requires_formats qcow2

for disk in a b c; do
  make_islands "$tmp/$disk.img" 16
  put_data "$tmp/$disk.img" "$((0x$disk * 65536))" 4096
  qemu-img convert -f raw -O qcow2 "$tmp/$disk.img" "$page_folder/$disk.qcow2"
done

run_section MIGRATION.md "Many disks"
expect_error '^stripecopy: 3 of 3 disks are done$'
for disk in a b c; do
  expect_same_disk raw "$tmp/$disk.img" qcow2 "$page_folder/new-$disk.qcow2"
  grep -q "\"disk\":\"$disk\"" "$page_folder/report.json" ||
    fail "the report has no $disk"
done
