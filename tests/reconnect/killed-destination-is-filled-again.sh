#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination in memory is killed in the middle of the copy, and an empty one
# takes its place: everything is written again.

. "$(dirname "$0")/../lib/test.sh"
requires_filter delay
requires_plugin memory

make_data "$tmp/disk" 16M
serve_nbdkit src -r --filter=delay file "$tmp/disk" rdelay=20ms
serve_nbdkit dst --filter=log memory 16M logfile="$tmp/dst.requests"
start_copy -v --request-size=64k -C 2 -T 2 -R 2 --retry-wait=0.05 --retries=20 \
           "$src" "$dst"
wait_until eval '[ "$(requests dst Write)" -gt 20 ]'
stop_server dst KILL
serve_nbdkit dst memory 16M
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_error 'reconnects in '
expect_error '^stripecopy: copied .* [1-9][0-9.]* [KM]iB copied again$'
expect_same_content "$src" "$dst"
