#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that is stopped in the middle of the copy answers nothing and accepts
# no connection.  The copy retries for a while and then fails.  If the server
# continues in time, so does the copy.

. "$(dirname "$0")/../lib/test.sh"
requires_filter log
requires_plugin file

make_data "$tmp/disk" 4M
make_ones "$tmp/copy" 4M

# start_and_stop GATE ARGS...: no read is answered before the server is stopped.
# One thread per connection: some nbdkits with more threads do not survive
# clients that disconnect early.
start_and_stop ()
{
  hold_reads_at "$tmp/disk" "$tmp/$1"
  serve_logged src -t 1 -r "${held[@]}"
  serve_nbdkit dst file "$tmp/copy"
  start_copy -v --request-size=64k -R 2 -C 2 -T 2 --stall-timeout="$factor" \
             "${@:2}" "$src" "$dst"
  wait_until has_request src Read
  kill -STOP "$src_pid"
  open_gate "$tmp/$1"
}

start_and_stop gate1 --retries=0
wait_copy
kill -CONT "$src_pid"
[ $code -eq 1 ] || fail "exit status $code"
expect_error "^stripecopy: source .*no answer for $factor s"
stop_server src
stop_server dst

start_and_stop gate2 --retries=100 --retry-wait=0.1
wait_until grep -q 'reconnects in' "$errors"
kill -CONT "$src_pid"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/copy"
