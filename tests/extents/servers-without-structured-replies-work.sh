#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Servers without structured replies work on either side.

. "$(dirname "$0")/../lib/test.sh"
requires nbd-server
requires_plugin file

make_disks
serve_nbd_server old "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
copy_ok "$old" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"

make_disks
serve_nbdkit src --no-sr -r file "$tmp/disk"
serve_nbd_server older "$tmp/copy" "flush = true"
copy_ok --flush "$src" "$older"
expect_identical "$tmp/disk" "$tmp/copy"
