#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# After a copy of a dirty bitmap, --verify compares the dirty blocks, and
# --verify=all the whole disk: blocks that an earlier round has missed are
# found, listed, and corrected by a copy of that list.

. "$(dirname "$0")/../lib/test.sh"
requires qemu-nbd qemu-img qemu-io
requires_schemas

qemu-img create -q -f qcow2 "$tmp/disk" 64M
qemu-io -f qcow2 -c 'write -P 1 0 20M' "$tmp/disk" > "$tmp/log"
qemu-img convert -O raw "$tmp/disk" "$tmp/copy"
qemu-img bitmap --add "$tmp/disk" b0
qemu-io -f qcow2 -c 'write -P 9 5M 64k' -c 'write -P 7 63M 1M' "$tmp/disk" \
        > "$tmp/log"
dirty=$(((64 + 1024) * 1024))
put_data "$tmp/copy" $((30 << 20)) 512
cp "$tmp/copy" "$tmp/before"
serve_qemu_nbd src -t -e 4 -r -f qcow2 -B b0 "$tmp/disk"
round=(--changed=qemu:dirty-bitmap:b0 --report="$tmp/report"
       --events="$tmp/events")

copy_ok -v --verify "${round[@]}" "$src" "$tmp/copy"
expect_error 'plan: .* verify=copied'
expect_report "r['verify']['scope'] == 'selected'" \
              "r['verify']['compared'] == $dirty"

for way in "-T 1" "-T 3 -C 3"; do
  cp "$tmp/before" "$tmp/copy"
  rm -f "$tmp/events"
  read -r -a words <<< "$way"
  copy_fails 4 ': differs .* offset 31457280 length 512$' -v --verify=all \
             --differences="$tmp/list" "${words[@]}" "${round[@]}" "$src" \
             "$tmp/copy"
  expect_error 'plan: .* verify=all'
  expect_error ': 512 bytes of 67108864 differ, in 1 range$'
  expect_report "r['verify']['scope'] == 'all'" \
                "r['verify']['compared'] + r['verify']['holes'] == 64 << 20" \
                "r['bytes']['total'] == r['bytes']['data'] == $dirty"
done
expect_events "of('progress')[-1]['to_compare'] == 64 << 20"

copy_ok --extents="$tmp/list" --verify=all --differences="$tmp/list2" "$src" \
        "$tmp/copy"
! grep -q '+$' "$tmp/list2" || fail "something is listed"
qemu-img convert -f qcow2 -O raw "$tmp/disk" "$tmp/want"
expect_same_content "$tmp/want" "$tmp/copy"
