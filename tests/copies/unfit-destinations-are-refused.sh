#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination that is smaller, or read-only, is refused before anything is
# written.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 2M
make_ones "$tmp/small" 2097151
make_ones "$tmp/fixed" 2M
serve_nbdkit src -r file "$tmp/disk"
serve_logged small file "$tmp/small"
serve_logged fixed -r file "$tmp/fixed"

copy_fails 2 '^stripecopy: destination .*small' "$src" "$small"
copy_fails 2 '^stripecopy: destination .*read-only' "$src" "$fixed"
for dst in small fixed; do
  expect_requests $dst Write -eq 0
  expect_requests $dst Zero -eq 0
done
