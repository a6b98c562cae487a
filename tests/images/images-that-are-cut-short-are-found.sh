#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image whose file ends before its last cluster is refused before anything is
# written, because its missing clusters would read as zeroes.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2 vdi vhdx vmdk vpc
requires curl
requires_plugin curl

make_data "$tmp/disk" 24M
mkdir "$tmp/site"
serve_web web "$tmp/site"

# Each format, and the options of its image.
for format in qcow2 qcow2:compat=0.10 vdi vhdx vmdk vpc \
              vmdk:subformat=streamOptimized; do
  options=${format#*:} image=$tmp/site/image
  [ "$options" != "$format" ] || options=
  format=${format%:*}
  qemu-img convert -f raw -O "$format" ${options:+-o "$options"} \
           "$tmp/disk" "$image"
  rm -f "$tmp/copy"
  copy_ok --source-format="$format" "$image" "$tmp/copy"
  cmp -n 24M "$tmp/disk" "$tmp/copy" ||
    fail "$format: the copy differs from the disk"
  expect_no_error warning

  rm "$tmp/copy"
  size=$(stat -c %s "$image")
  for cut in $((size - 1048576)) $((size / 2)); do
    truncate -s $cut "$image"
    copy_fails 1 'source ' --source-format="$format" "$image" "$tmp/copy"
    copy_fails 1 'source ' --plan --source-format="$format" "$image" "$tmp/copy"
    [ ! -e "$tmp/copy" ] || fail "$format: something was copied"
  done
  [ "$format" = qcow2 ] || continue
  expect_error 'the image is incomplete'
  copy_fails 1 'the image is incomplete' --source-format="$format" "$web/image" \
             "$tmp/copy"
done

# The same holds for a backing file.
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/base"
qemu-img create -q -f qcow2 -F qcow2 -b base "$tmp/middle"
qemu-img create -q -f qcow2 -F qcow2 -b middle "$tmp/top"
rm -f "$tmp/copy"
copy_ok --source-format=qcow2 "$tmp/top" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
rm "$tmp/copy"
truncate -s 12M "$tmp/base"
copy_fails 1 'its backing file .*base is incomplete' --source-format=qcow2 \
           "$tmp/top" "$tmp/copy"
[ ! -e "$tmp/copy" ] || fail "half a disk was copied"
