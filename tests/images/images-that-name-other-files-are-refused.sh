#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination image that names other files is refused before any of them is
# opened, unless the user allows it.  An image that can be written only once is
# refused, too.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2 vmdk

make_islands "$tmp/disk" 8
make_ones "$tmp/victim" 8M
cd "$tmp"
qemu-img create -q -f qcow2 -o data_file="$tmp/victim",data_file_raw=on data 8M
make_ones "$tmp/victim" 8M
qemu-img create -q -f qcow2 -F raw -b victim backed
qemu-img create -q -f vmdk -o subformat=monolithicFlat flat.vmdk 8M
make_ones "$tmp/flat-flat.vmdk" 8M
qemu-img convert -O vmdk -o subformat=streamOptimized disk once
cd - > "$output"
files=("$tmp"/victim "$tmp"/data "$tmp"/backed "$tmp"/flat.vmdk
       "$tmp"/flat-flat.vmdk \
       "$tmp"/once)
md5sum "${files[@]}" > "$tmp/sums"

for image in data:qcow2 backed:qcow2 flat.vmdk:vmdk; do
  for more in '' --map="$tmp/map" --plan; do
    copy_fails 2 'destination .*the image names .*--external-files' \
               ${more:+"$more"} --destination-format="${image#*:}" \
               "$tmp/disk" "$tmp/${image%:*}"
    md5sum -c --quiet "$tmp/sums" || fail "a file was changed"
    [ ! -e "$tmp/map" ] || fail "a map was made"
  done
done
copy_fails 2 'destination .*streamOptimized' --external-files \
           --destination-format=vmdk "$tmp/disk" "$tmp/once"
md5sum -c --quiet "$tmp/sums" || fail "a file was changed"

copy_ok --external-files --destination-format=vmdk "$tmp/disk" "$tmp/flat.vmdk"
expect_identical "$tmp/disk" "$tmp/flat-flat.vmdk"
copy_ok --external-files --destination-format=qcow2 "$tmp/disk" "$tmp/backed"
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/backed"
copy_ok --external-files --destination-format=qcow2 "$tmp/disk" "$tmp/data"
expect_identical "$tmp/disk" "$tmp/victim"

# An image whose own name only resembles that is not refused.
qemu-img create -q -f qcow2 "$tmp/\"data-file\": \"x\"" 8M
copy_ok --destination-format=qcow2 "$tmp/disk" "$tmp/\"data-file\": \"x\""
