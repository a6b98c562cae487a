#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# [ CMD ] on both sides, of two kinds, also with a qemu-nbd that accepts only
# one client, and exits after its last one.

. "$(dirname "$0")/../lib/test.sh"
requires qemu-nbd
requires_plugin file

make_disks
copy_ok -- [ nbdkit -r file "$tmp/disk" ] [ qemu-nbd -f raw "$tmp/copy" ]
expect_identical "$tmp/disk" "$tmp/copy"

make_disks
copy_ok [ qemu-nbd -r -e 4 -f raw "$tmp/disk" ] [ nbdkit file "$tmp/copy" ]
expect_identical "$tmp/disk" "$tmp/copy"
