#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that takes seconds to open an export gets all connections: they may
# take as long as the first one, and more.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter delay

# Its reads are not answered yet.
make_disks 8
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_logged src --filter=delay -r "${held[@]}" delay-open=6
serve_nbdkit dst file "$tmp/copy"
start_copy -T 2 -C 2 -R 1 "$src" "$dst"

both_read () { are_busy src Read 2; }
was_given_up () { grep -q 'continuing without connection' "$errors"; }
wait_until eval 'both_read || was_given_up'
both_read || fail "the second connection was given up"

open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/copy"
