#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a device has no room for the source's data in the format of its image,
# --plan and the copy warn, with both numbers.  If there is room, there is no
# warning.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2
requires_schemas

make_data "$tmp/disk" 8M
truncate -s 64M "$tmp/disk"
truncate -s 8M "$tmp/small"
truncate -s 16M "$tmp/large"
make_device small "$tmp/small"
make_device large "$tmp/large"
qemu-img create -q -f qcow2 "$small" 64M
qemu-img create -q -f qcow2 "$large" 64M

# 8 MiB of data, and the size of the metadata as measured by qemu-img.
full=$(qemu-img measure --output=json -O qcow2 --size 64M |
         sed -n 's/.*"fully-allocated": \([0-9]*\).*/\1/p')
needed=$((8388608 + full - 67108864))
copy_ok --plan --report="$tmp/report" --destination-format=qcow2 "$tmp/disk" \
        "$small"
expect_error "warning: .*room for .*8388608 bytes.* may need .*$needed bytes"
expect_report "r['warnings'][0]['code'] == 'destination-no-room'"
copy_ok --plan --destination-format=qcow2 "$tmp/disk" "$large"
expect_no_error 'room for'

copy_fails 1 'room for' -p --retries=0 --destination-format=qcow2 \
           "$tmp/disk" "$small"
copy_ok -p --destination-format=qcow2 "$tmp/disk" "$large"
expect_no_error 'room for'
