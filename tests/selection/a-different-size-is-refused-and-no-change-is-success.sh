#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If nothing has changed, the copy succeeds as unchanged.  A disk that has grown
# since the last copy is refused.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file
requires_schemas

make_image_with_bitmap "$tmp/image.qcow2" 4M
serve_qemu_nbd src -t -r -e 4 -f qcow2 -B b0 "$tmp/image.qcow2"
make_ones "$tmp/copy" 4M
cp "$tmp/copy" "$tmp/old"
serve_logged dst file "$tmp/copy"
copy_ok "$changed" --report="$tmp/report" "$src" "$dst"
expect_identical "$tmp/old" "$tmp/copy"
expect_report "r['status'] == 'unchanged'" "r['changed'] is False" \
              "r['bytes']['total'] == 0" "r['bytes']['unselected'] == 4194304"
for kind in Read Write Zero Trim; do
  expect_requests dst $kind -eq 0
done
copy_ok "$changed" --compare "$src" "$dst"
stop_server src

# QEMU resizes the bitmap with the disk.
qemu-img resize -q "$tmp/image.qcow2" 5M
serve_qemu_nbd src -t -r -e 4 -f qcow2 -B b0 "$tmp/image.qcow2"
copy_fails 2 'size' "$changed" "$src" "$tmp/copy"
copy_fails 2 'size|small' "$changed" "$src" "$dst"
expect_identical "$tmp/old" "$tmp/copy"
