#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --plan prints the settings of a copy, and copies nothing.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
cp "$tmp/copy" "$tmp/before"
serve_logged src -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"

copy_ok --plan "$src" "$dst"
[ -s "$errors" ] || fail "nothing was printed"
expect_no_error '100%'
for kind in Write Zero Trim Flush; do
  expect_requests dst $kind -eq 0
done
expect_requests src Read -eq 0
expect_identical "$tmp/before" "$tmp/copy"

# A copy that would be refused is refused with --plan, too.
copy_fails 2 '^stripecopy: .*same' --plan "$dst" "$dst"
