#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination with old data is zeroed where that is needed, whatever its block
# status reports.

. "$(dirname "$0")/../lib/test.sh"
requires_filter noextents error
requires_plugin file

make_islands "$tmp/disk" 32
truncate -s 32M "$tmp/used"
for mib in 3 12 13 14 31; do
  put_data "$tmp/used" $((mib * 1048576 + 12345)) 1000000
done
serve_nbdkit src -r file "$tmp/disk"

n=0
for filter in "" --filter=noextents --filter=error; do
  n=$((n + 1)) dst=dst$n
  cp --sparse=always "$tmp/used" "$tmp/copy"
  truncate -s 32M "$tmp/copy"
  rate=()
  [ "$filter" != --filter=error ] || rate=(error-extents-rate=1)
  serve_logged $dst $filter file "$tmp/copy" "${rate[@]}"
  copy_ok -T 4 -C 4 "$src" "${!dst}"
  expect_identical "$tmp/disk" "$tmp/copy"
  expect_requests $dst Zero -ge 1
done
