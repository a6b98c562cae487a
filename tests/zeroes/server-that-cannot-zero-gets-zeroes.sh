#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Zeroes are copied with any support for zero requests.

. "$(dirname "$0")/../lib/test.sh"
requires_filter nozero
requires_plugin file

n=0
make_islands "$tmp/disk" 8
serve_nbdkit src -r file "$tmp/disk"
for mode in zeromode={none,emulate,notrim,plugin} \
            fastzeromode={none,slow,ignore,default}; do
  make_ones "$tmp/copy" 8M
  n=$((n + 1))
  serve_logged "dst$n" --filter=nozero file "$tmp/copy" "$mode"
  dst=dst$n
  copy_ok "$src" "${!dst}"
  expect_identical "$tmp/disk" "$tmp/copy"
done

# The first server does not advertise zero requests.
expect_requests dst1 Zero -eq 0
[ "$(request_bytes dst1 Write)" -eq $((8 << 20)) ] ||
  fail "some bytes were not written"
expect_requests dst3 Zero -ge 1
