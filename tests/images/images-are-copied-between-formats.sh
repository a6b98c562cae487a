#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each format can be read and written by its name alone.  The copies are
# identical, and as sparse as the source.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2 vdi vhdx vmdk

make_islands "$tmp/disk.raw" 40         # with 5 MiB of data

# From each format to the next, and at the end to a raw file again.
chain=(raw qcow2 vmdk vhdx vdi raw)
for ((i = 0; i < 5; i++)); do
  from=${chain[i]} to=${chain[i + 1]}
  [ $i -lt 4 ] || mv "$tmp/disk.raw" "$tmp/disk"
  copy_ok -C 4 -T 4 --source-format="$from" --destination-format="$to" \
          "$tmp/disk.$from" "$tmp/disk.$to"
  [ "$(du -k "$tmp/disk.$to" | cut -f1)" -lt 28000 ] ||
    fail "disk.$to is not sparse"
  [ "$to" = raw ] || expect_same_disk raw "$tmp/disk.raw" "$to" "$tmp/disk.$to"
done
expect_identical "$tmp/disk" "$tmp/disk.raw"

# The format of a source is only detected on request.
copy_ok --source-format=auto "$tmp/disk.vdi" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
copy_ok "$tmp/disk.vdi" "$tmp/copy"
expect_identical "$tmp/disk.vdi" "$tmp/copy"

# If the format does not allow the size of the disk, less than a sector of
# zeroes is added.
make_data "$tmp/odd" 1000001
copy_ok --destination-format=qcow2 "$tmp/odd" "$tmp/odd.qcow2"
expect_same_disk raw "$tmp/odd" qcow2 "$tmp/odd.qcow2"
qemu-img info --output=json "$tmp/odd.qcow2" > "$output"
grep -q '"virtual-size": 1000448' "$output" || fail "it is too large"
