#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Dirty ranges that read as zeroes are zeroed at the destination, never skipped:
# after writes of zeroes and discards, from a server and from an image.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file
requires_schemas

make_image_with_bitmap "$tmp/image.qcow2" 8M
write_image "$tmp/image.qcow2" 'write -z 1M 1M' 'discard 3M 192k' \
            'write -P 0 5M 64k' 'write -P 7 6M 64k' 'write -z -u 7M 128k'
qemu-img convert -f qcow2 -O raw "$tmp/image.qcow2" "$tmp/now"

# The whole disk is as the source, although only what changed was copied.
cp "$tmp/image.qcow2.before" "$tmp/copy"
serve_qemu_nbd src -t -e 4 -r -f qcow2 -B b0 "$tmp/image.qcow2"
serve_logged dst file "$tmp/copy"
copy_ok "$changed" --report="$tmp/report" "$src" "$dst"
expect_identical "$tmp/now" "$tmp/copy"
expect_report "r['bytes']['total'] == 1507328" \
              "r['bytes']['unselected'] == 6881280" \
              "r['bytes']['data'] == 65536" \
              "r['bytes']['zero'] == 1441792"
expect_requests dst Zero -ge 1

# Zeroes that no block status tells are the same.
cp "$tmp/image.qcow2.before" "$tmp/copy"
copy_ok "$changed" --sparse=0 -T 1 "$src" "$tmp/copy"
expect_identical "$tmp/now" "$tmp/copy"

# A disk that reads as zeroes everywhere, of which only a part has changed.
truncate -s 8M "$tmp/disk"
{ head -c 300 /dev/zero
  head -c 100 /dev/zero | tr '\0' '\1'; } > "$tmp/changes"
make_ones "$tmp/copy" 8M
serve_changes src "$tmp/disk"
copy_ok "$changed" "$src" "$tmp/copy"
make_ones "$tmp/want" 8M
dd if=/dev/zero of="$tmp/want" bs=4k seek=300 count=100 conv=notrunc status=none
expect_identical "$tmp/want" "$tmp/copy"
