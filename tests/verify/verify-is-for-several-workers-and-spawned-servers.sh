#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --verify uses the connections of the copy, so that a server that exits after
# its last client stays.  All workers take part.

. "$(dirname "$0")/../lib/test.sh"
requires qemu-nbd
requires_plugin file
requires_filter log

for e in 1 4; do
  make_disks 16
  copy_ok --verify -p [ qemu-nbd -r -e $e -f raw "$tmp/disk" ] \
          [ qemu-nbd -e $e -f raw "$tmp/copy" ]
  expect_error 'compared 16\.0 MiB .* no difference'
  expect_identical "$tmp/disk" "$tmp/copy"
done

# The reads are answered once all workers have connected.
make_data "$tmp/disk" 32M
truncate -s 32M "$tmp/copy"
hold_reads_at "$tmp/disk" "$tmp/gate"
all_have_begun () { [ "$(grep -c 'worker [0-3]: start' "$errors")" -eq 4 ]; }
open_gate_when "$tmp/gate" all_have_begun
serve_logged src -r "${held[@]}"
serve_logged dst file "$tmp/copy"
copy_ok --verify -p -v -T 4 "$src" "$dst"
expect_error 'compared .* with 4 workers: 32\.0 MiB read'
[ "$(busy_connections dst Read)" -gt 1 ] || fail "one worker read everything"
[ "$(request_bytes src Read)" -eq $((64 << 20)) ] || fail "not read twice"
[ "$(request_bytes dst Read)" -eq $((32 << 20)) ] || fail "not read once"

# Files, a new one and one that was longer; and images.
copy_ok --verify "$tmp/disk" "$tmp/new"
truncate -s 100M "$tmp/copy"
copy_ok --verify "$tmp/disk" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
without_uring
copy_ok --verify "$tmp/disk" "$tmp/copy"
if command -v qemu-img > /dev/null; then
  copy_ok --verify --destination-format=qcow2 "$tmp/disk" "$tmp/image"
  copy_ok --compare --source-format=qcow2 "$tmp/image" "$tmp/disk"
  copy_ok --compare --destination-format=qcow2 "$tmp/disk" "$tmp/image"
  put_data "$tmp/disk" 4096 1000
  copy_fails 4 'offset 4096 length 1024$' --compare \
             --destination-format=qcow2 "$tmp/disk" "$tmp/image"
fi
