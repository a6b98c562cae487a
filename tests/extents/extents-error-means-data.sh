#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If block status fails, always or half way, everything after that is read, with
# one warning.

. "$(dirname "$0")/../lib/test.sh"
requires_filter error
requires_plugin file

make_disks
serve_logged src --filter=error -r file "$tmp/disk" error-extents-rate=1
serve_nbdkit dst file "$tmp/copy"
copy_ok -T 4 -C 4 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests src Extents -ge 1
[ "$(grep -ciE 'extent|block status' "$errors")" -eq 1 ] ||
  fail "not one warning about extents"

make_disks
serve_faulty late --mode=status-error --after=1 "$tmp/disk"
copy_ok -T 4 -C 4 "$late" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_fired late
