#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination in memory is killed in the middle of the copy, and an empty one
# takes its place: everything is written again.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

make_data "$tmp/disk" 16M
# Reads of the second half are answered when the new destination is there.
hold_reads_at "$tmp/disk" "$tmp/gate" '-ge 8388608'
serve_nbdkit src "${held[@]}"
serve_logged dst memory 16M
start_copy -v --request-size=64k -C 2 -T 2 -R 2 --retry-wait=0.05 --retries=20 \
           "$src" "$dst"
wait_until eval '[ "$(requests dst Write)" -gt 20 ]'
stop_server dst KILL
serve_nbdkit dst memory 16M
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_error 'reconnects in '
expect_error '^stripecopy: copied .* [1-9][0-9.]* [KM]iB copied again$'
expect_same_content "$src" "$dst"
