#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The last request on each connection is a flush, sent when all writes have been
# answered; --no-flush sends none.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
# No read is answered before each of the four workers has sent one.
hold_reads_at "$tmp/disk" "$tmp/gate"
open_gate_when "$tmp/gate" are_busy src Read 4
serve_logged src -r "${held[@]}"
serve_logged dst file "$tmp/copy"
copy_ok -T 4 -C 4 -R 1 --flush "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"

[ "$(busy_connections dst Flush)" -eq 4 ] ||
  fail "not every connection was flushed"
awk '/ Flush id/ { flushed = 1 }
     flushed && / (Write|Zero) id/ { late = 1 }
     flushed && /\.\.\.(Write|Zero) id/ { late = 1 }
     END { exit late || !flushed }' "$tmp/dst.requests" ||
  fail "a flush did not wait for the writes"

make_disks
serve_logged unflushed file "$tmp/copy"
copy_ok --no-flush "$src" "$unflushed"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests unflushed Flush -eq 0

copy_ok "$src" "$unflushed"
expect_requests unflushed Flush -ge 1
