#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With a dirty bitmap, an update reads and compares only dirty ranges, and
# writes only their differences.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires qemu-nbd qemu-img qemu-io

qemu-img create -q -f qcow2 "$tmp/disk" 32M
qemu-io -f qcow2 -c 'write -P 1 0 20M' "$tmp/disk" > "$tmp/log"
qemu-img convert -O raw "$tmp/disk" "$tmp/copy"
qemu-img bitmap --add "$tmp/disk" b0

# Dirty: 5 MiB, with the old content but for 64 KiB of it.  Old data in what is
# clean stays as it is.
qemu-io -f qcow2 -c 'write -P 1 5M 5M' -c 'write -P 9 7M 64k' "$tmp/disk" \
        > "$tmp/log"
printf old | dd of="$tmp/copy" bs=1M seek=15 conv=notrunc status=none
qemu-img convert -O raw "$tmp/disk" "$tmp/want"
printf old | dd of="$tmp/want" bs=1M seek=15 conv=notrunc status=none

serve_qemu_nbd src -t -e 4 -r -f qcow2 -B b0 "$tmp/disk"
for data in 65536 0; do
  serve_logged dst file "$tmp/copy"
  copy_ok --update --changed=qemu:dirty-bitmap:b0 --report="$tmp/report" \
          "$src" "$dst"
  stop_server dst
  expect_same_content "$tmp/want" "$tmp/copy"
  expect_report 'r["bytes"]["total"] == 5 << 20' \
                "r['bytes']['data'] == $data" \
                "r['bytes']['same'] == (5 << 20) - $data" \
                "r['status'] == '$([ $data -gt 0 ] && echo ok || echo unchanged)'"
  [ "$(request_bytes dst Read)" = $((5 << 20)) ] || fail "other parts were read"
  [ "$(request_bytes dst Write)" = $data ] || fail "other parts were written"
  expect_requests dst Zero -eq 0
done
expect_requests dst Flush -eq 0
