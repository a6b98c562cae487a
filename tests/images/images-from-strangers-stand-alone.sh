#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image from a web server cannot make the copy read files of this machine: an
# image that names other files is refused.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin curl
requires_formats qcow2 vmdk

make_islands "$tmp/disk" 8
touch "$tmp/copy"
mkdir "$tmp/site"
serve_web web "$tmp/site"

cd "$tmp/site"
qemu-img create -q -f qcow2 -F raw -b "$tmp/disk" backed
qemu-img create -q -f qcow2 -o data_file="$tmp/data",data_file_raw=on data 8M
qemu-img create -q -f vmdk -o subformat=monolithicFlat extents 8M
sed -i "s,extents-flat,$tmp/disk," extents
qemu-img convert -O vmdk "$tmp/disk" alone
cd - > "$output"
grep -q "$tmp/disk" "$tmp/site/extents" || fail "the trap is not set"

for image in backed:qcow2 data:auto extents:vmdk extents:auto; do
  copy_fails 1 '^stripecopy: source http.* the image names ' \
             --source-format="${image#*:}" "$web/${image%:*}" "$tmp/copy"
  [ ! -s "$tmp/copy" ] || fail "something was copied"
done
copy_ok --source-format=vmdk "$web/alone" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"

# If the image is a local file, its other files are read.
copy_ok --source-format=qcow2 "$tmp/site/backed" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
