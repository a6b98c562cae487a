#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --extents takes what nbdinfo, qemu-img and ddrescuelog print, from a file or
# from standard input.  All of them select the same, and zeroed blocks are zeroed
# at the destination.

. "$(dirname "$0")/../lib/test.sh"
requires qemu-nbd
requires qemu-img
requires qemu-io
requires nbdinfo
requires ddrescuelog
requires_schemas

# A full disk, an overlay with three changes, and a copy of the disk.
make_ones "$tmp/base" 8M
qemu-img create -q -f qcow2 -b "$tmp/base" -F raw "$tmp/new.qcow2"
qemu-img bitmap --add "$tmp/new.qcow2" round
qemu-io -c 'write -P 7 1M 64k' -c 'write -z 3M 128k' -c 'write -P 9 6M 1M' \
        "$tmp/new.qcow2" > "$tmp/log"
qemu-img convert -f qcow2 -O raw "$tmp/new.qcow2" "$tmp/new"
serve_qemu_nbd src -t -e 4 -r -f qcow2 -A -B round "$tmp/new.qcow2"

qemu-img map --force-share --output=json "$tmp/new.qcow2" > "$tmp/qemu-img"
nbdinfo --map=qemu:dirty-bitmap:round --json "$src" > "$tmp/dirty"
nbdinfo --map=qemu:allocation-depth --json "$src" > "$tmp/depth"
printf '%s\n' 16 48 49 {96..111} > "$tmp/blocks"
ddrescuelog -b 65536 -s 8Mi -c+? -F list "$tmp/mapfile" < "$tmp/blocks"

digest=
for list in qemu-img dirty depth mapfile; do
  cp "$tmp/base" "$tmp/copy"
  copy_ok --report="$tmp/report" --extents="$tmp/$list" "$src" "$tmp/copy"
  expect_identical "$tmp/new" "$tmp/copy"
  expect_report "r['bytes']['total'] == 1245184" \
                "r['bytes']['unselected'] == 7143424" \
                "r['bytes']['zero'] == 131072" \
                "r['plan']['selection']['ranges'] == 3"
  this=$(sed 's/.*"unselected":[0-9]*,"digest":"\([0-9a-f]*\)".*/\1/' \
             "$tmp/report")
  [ ${#this} -eq 64 ] || fail "no digest of $list"
  [ "${digest:=$this}" = "$this" ] || fail "$list has another digest"
done

# Standard input, events, and what --plan says of it.
cp "$tmp/base" "$tmp/copy"
stream_ok --events="$tmp/events" --extents=- "$src" "$tmp/copy" < "$tmp/dirty"
expect_identical "$tmp/new" "$tmp/copy"
expect_events "of('plan')[0]['selection']['extents'] == 7" \
              "of('end')[0]['bytes']['unselected'] == 7143424"
copy_ok --plan --report="$tmp/report" --extents="$tmp/dirty" "$src" "$tmp/copy"
expect_error 'selection: format="nbdinfo --map --json" extents=7 ranges=3, 1.2 MiB selected, 6.8 MiB not selected'
expect_report "r['plan']['found']['data'] == 1114112" \
              "r['plan']['found']['unselected'] == 7143424" \
              "r['plan']['found']['unknown'] == 0"
