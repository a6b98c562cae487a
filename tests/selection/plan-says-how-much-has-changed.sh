#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --plan says how much has changed, and how much of that is zero, without a
# write; the copy that follows does the same.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file
requires_schemas

make_image_with_bitmap "$tmp/image.qcow2" 8M
write_image "$tmp/image.qcow2" 'write -P 3 1M 64k' 'write -P 3 3000000 512' \
            'write -z 5M 256k'
serve_qemu_nbd src -t -r -e 4 -f qcow2 -B b0 "$tmp/image.qcow2"
make_ones "$tmp/copy" 8M
cp "$tmp/copy" "$tmp/old"
copy_ok --plan --report="$tmp/report" "$changed" "$src" \
        "$tmp/copy"
expect_identical "$tmp/old" "$tmp/copy"
expect_error 'context=qemu:dirty-bitmap:b0'
expect_error 'not selected: 7.6 MiB'
expect_report "r['bytes']['total'] == 393216" \
              "r['bytes']['unselected'] == 7995392" \
              "r['plan']['total'] == 393216" \
              "r['plan']['selection']['context'] == 'qemu:dirty-bitmap:b0'" \
              "r['plan']['selection']['unselected'] == 7995392" \
              "r['plan']['found']['data'] == 131072" \
              "r['plan']['found']['zero'] == 262144" \
              "r['plan']['found']['unselected'] == 7995392" \
              "r['plan']['found']['unknown'] == 0"

# A copy says the same at its end, to programs as well.
copy_ok --events="$tmp/events" --report="$tmp/report" \
        "$changed" "$src" "$tmp/copy"
expect_report "r['bytes']['total'] == 393216" \
              "r['bytes']['unselected'] == 7995392" \
              "r['bytes']['data'] == 131072" "r['bytes']['zero'] == 262144"
expect_events "of('plan')[0]['selection']['context'] == 'qemu:dirty-bitmap:b0'" \
              "of('end')[0]['bytes']['unselected'] == 7995392" \
              "of('end')[0]['bytes']['total'] == 393216"
