#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination that cannot flush causes one warning.  With --flush, nothing is
# written instead.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
cp "$tmp/copy" "$tmp/before"
serve_nbdkit src -r file "$tmp/disk"
serve_faulty dst --without=flush "$tmp/copy"

copy_fails 2 'flush' --flush "$src" "$dst"
expect_identical "$tmp/before" "$tmp/copy"

copy_ok -T 4 -C 4 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
[ "$(grep -c flush "$errors")" -eq 1 ] || fail "not one warning about flush"

copy_ok --no-flush "$src" "$dst"
expect_no_error flush
