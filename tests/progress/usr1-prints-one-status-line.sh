#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SIGUSR1 prints one status line and one event, and the copy continues.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 4M
make_ones "$tmp/copy" 4M
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_logged src -r "${held[@]}"
serve_nbdkit dst file "$tmp/copy"

start_copy --events="$tmp/events" --interval=3600 -T 1 -R 1 \
           --request-size=64k "$src" "$dst"
wait_until has_request src Read
kill -USR1 "$copy_pid"
wait_until grep -q '%' "$errors"
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/copy"
[ "$(grep -c '%' "$errors")" -eq 1 ] || fail "not one status line"

# One at the beginning, one for the signal, one at the end.
[ "$(grep -c '"ev":"progress"' "$tmp/events")" -eq 3 ] || fail "not one event"
