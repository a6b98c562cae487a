#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a server accepts fewer clients than there are workers, fewer workers run,
# whether the server refuses clients or lets them wait.

. "$(dirname "$0")/../lib/test.sh"
requires qemu-nbd
requires_filter limit
requires_plugin file

make_disks
hold_reads "$tmp/disk" src 2
serve_logged src --filter=limit "${held[@]}" limit=2
serve_nbdkit dst file "$tmp/copy"
copy_ok -T 4 -C 4 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests src Connect -eq 2

make_disks
serve_qemu_nbd two -t -e 2 -f raw "$tmp/copy"
copy_ok -T 4 -C 4 [ nbdkit -r file "$tmp/disk" ] "$two"
expect_identical "$tmp/disk" "$tmp/copy"
