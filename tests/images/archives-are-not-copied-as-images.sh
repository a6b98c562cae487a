#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An OVA is an archive and is not copied as a disk.  The command in the error
# message copies the disk in it.

. "$(dirname "$0")/../lib/test.sh"
requires tar
requires_formats vmdk

make_islands "$tmp/disk" 8
mkdir "$tmp/ova"
cd "$tmp/ova"
echo '<Envelope/>' > vm.ovf
qemu-img convert -O vmdk -o subformat=streamOptimized "$tmp/disk" disk1.vmdk
qemu-img create -q -f vmdk -o subformat=streamOptimized disk2.vmdk 1M
tar -cf "$tmp/vm.ova" --format=ustar vm.ovf disk1.vmdk disk2.vmdk
tar -cf "$tmp/empty.tar" vm.ovf
cd - > "$output"

for format in auto vmdk; do
  copy_fails 2 'source .*disk1.vmdk, disk2.vmdk' --source-format=$format \
             "$tmp/vm.ova" "$tmp/new"
  [ ! -e "$tmp/new" ] || fail "the archive was copied"
done
copy_fails 2 'without a disk image' --source-format=auto "$tmp/empty.tar" "$tmp/new"

copy_fails 2 'to copy disk1.vmdk, use: ' --source-format=auto "$tmp/vm.ova" null:
way=$(sed -n 's/.* use: stripecopy \(\[ .* \]\) DESTINATION$/\1/p' "$errors")
read -r -a way <<< "$way"
copy_ok "${way[@]}" "$tmp/new"
expect_identical "$tmp/disk" "$tmp/new"

# Without --source-format, the archive itself is copied as a raw disk.
copy_ok "$tmp/vm.ova" "$tmp/new"
expect_identical "$tmp/vm.ova" "$tmp/new"
