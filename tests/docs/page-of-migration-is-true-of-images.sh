#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for images, and for another machine.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
requires_formats qcow2

make_islands "$page_folder/old.img" 16
qemu-img convert -f raw -O qcow2 "$page_folder/old.img" "$page_folder/old.qcow2"

run_section MIGRATION.md "Look first"
expect_error '^stripecopy: plan: '
[ ! -e "$page_folder/new.qcow2" ] || fail "a plan has made an image"

run_section MIGRATION.md "Images"
for copy in new.qcow2 new-2M.qcow2; do
  expect_same_disk raw "$page_folder/old.img" qcow2 "$page_folder/$copy"
done
expect_identical "$page_folder/old.img" "$page_folder/new.img"

rm "$page_folder/new.qcow2"
run_section MIGRATION.md "To another machine"
expect_same_disk raw "$page_folder/old.img" qcow2 "$page_folder/new.qcow2"
