#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Blocks of zeroes in data are zeroed, not written, with the granularity of
# --sparse.  With --sparse=0 zeroes are not looked for.

. "$(dirname "$0")/../lib/test.sh"
requires_filter noextents
requires_plugin file

# 4 MiB of data, with 64 KiB of zeroes at 1 MiB, and 1 KiB of zeroes at 3 MiB.
make_data "$tmp/disk" 4M
dd if=/dev/zero of="$tmp/disk" bs=64k seek=16 count=1 conv=notrunc status=none
dd if=/dev/zero of="$tmp/disk" bs=1k seek=3072 count=1 conv=notrunc status=none
serve_nbdkit src --filter=noextents -r file "$tmp/disk"

n=0
for try in "--sparse=4096 65536" "--sparse=1024 66560" "--sparse=65536 65536" \
           "--sparse=128k 0" "--sparse=0 0" "--sparse=4k 65536"; do
  read -r option zeroed <<< "$try"
  n=$((n + 1)) dst=dst$n
  make_ones "$tmp/copy" 4M
  serve_logged $dst file "$tmp/copy"
  copy_ok "$option" "$src" "${!dst}"
  expect_identical "$tmp/disk" "$tmp/copy"
  [ "$(request_bytes $dst Zero)" -eq "$zeroed" ] ||
    fail "$option: $(request_bytes $dst Zero) bytes zeroed, not $zeroed"
  [ "$(request_bytes $dst Write)" -eq $(((4 << 20) - zeroed)) ] ||
    fail "$option: $(request_bytes $dst Write) bytes written"
done
