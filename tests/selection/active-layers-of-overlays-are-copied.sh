#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# qemu:allocation-depth selects the active layer of an image: the data written
# since its last snapshot, with two and with three layers.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file

depth=qemu:allocation-depth

# add_layer NAME BACKING FORMAT COMMAND...: makes an overlay, and its content.
add_layer ()
{
  local name=$1
  qemu-img create -q -f qcow2 -b "$tmp/$2" -F "$3" "$tmp/$name"
  shift 3
  write_image "$tmp/$name" "$@"
  qemu-img convert -f qcow2 -O raw "$tmp/$name" "$tmp/$name.now"
}

requires qemu-img qemu-io qemu-nbd
make_data "$tmp/base" 8M
add_layer one base raw 'write -P 1 1M 256k' 'write -P 1 4100000 4k' \
          'write -z 6M 128k'
add_layer two one qcow2 'write -P 2 1100k 64k' 'write -z 2M 64k' \
          'discard 6M 64k' 'write -P 2 8388096 512'
cp "$tmp/two" "$tmp/three"
add_layer four two qcow2 'write -z 1M 64k'

# Round by round: each overlay takes the copy from its backing file to itself.
cp "$tmp/base" "$tmp/copy"
for layer in one two four; do
  serve_qemu_nbd src -t -r -e 4 -A -f qcow2 "$tmp/$layer"
  serve_logged dst file "$tmp/copy"
  copy_ok --changed=$depth -T 2 -C 2 "$src" "$dst"
  expect_identical "$tmp/$layer.now" "$tmp/copy"
  [ "$(request_bytes dst Write)" -le 720896 ] || fail "too much was written"
  stop_server src
done

# An image as the source, with -T 1; and again: it is the same.
cp "$tmp/one.now" "$tmp/copy"
for _ in 1 2; do
  copy_ok --changed=$depth --source-format=qcow2 "$tmp/two" "$tmp/copy"
  expect_identical "$tmp/two.now" "$tmp/copy"
done

# Neither blocks of deeper layers, nor those that no layer has, are selected.
make_ones "$tmp/copy" 8M
cp "$tmp/copy" "$tmp/want"
copy_ok --changed=$depth --source-format=qcow2 "$tmp/four" "$tmp/copy"
dd if=/dev/zero of="$tmp/want" bs=64k seek=16 count=1 conv=notrunc status=none
expect_identical "$tmp/want" "$tmp/copy"

# A depth is a number, not flags: 3 is not 1.
make_changes 8
tr '\0\1' '\3\1' < "$tmp/changes" > "$tmp/depths"
cp "$tmp/old" "$tmp/copy"
serve_faulty src --context=$depth --changes="$tmp/depths" "$tmp/disk"
copy_ok --changed=$depth "$src" "$tmp/copy"
expect_identical "$tmp/want" "$tmp/copy"
