#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# [ nbdkit ] as the source or as the destination: all workers connect to it.

. "$(dirname "$0")/../lib/test.sh"
requires_filter log
requires_plugin file

make_disks
serve_nbdkit dst file "$tmp/copy"
hold_reads "$tmp/disk" src 4
copy_ok -T 4 -C 4 -- [ nbdkit --filter=log -r "${held[@]}" \
                              logfile="$tmp/src.requests" ] "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests src Connect -eq 4
stop_server dst

make_ones "$tmp/copy" 32M
hold_reads "$tmp/disk" dst 4
serve_nbdkit src -r "${held[@]}"
copy_ok -T 4 -C 4 "$src" -- [ nbdkit --filter=log file "$tmp/copy" \
                                     logfile="$tmp/dst.requests" ]
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests dst Connect -eq 4
