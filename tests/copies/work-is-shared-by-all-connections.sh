#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Servers that allow several connections get them, and all connections get work,
# even if all data is in one corner of the disk.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 32M
truncate -s 1G "$tmp/disk"
truncate -s 1G "$tmp/copy"
# No read is answered before each of the four workers has sent one.
hold_reads_at "$tmp/disk" "$tmp/gate"
open_gate_when "$tmp/gate" are_busy src Read 4
serve_logged src -r "${held[@]}" can_extents='exit 0' \
             extents='echo 0 32M; echo 32M 992M hole,zero'
serve_logged dst file "$tmp/copy"

copy_ok -T 4 -C 4 -R 1 --request-size=256k "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests src Connect -eq 4
[ "$(busy_connections src Read)" -eq 4 ] || fail "not all connections read"
[ "$(busy_connections dst Write)" -eq 4 ] || fail "not all connections wrote"
[ "$(request_bytes src Read)" -eq $((32 << 20)) ] ||
  fail "some bytes were read twice"
