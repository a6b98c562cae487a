#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A worker that has finished and waits for the others writes again the data that
# the destination loses in a crash meanwhile.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 8M
make_ones "$tmp/copy" 8M

serve_destination () { serve_faulty dst --mode=crash --after=100000 "$tmp/copy"; }
# Worker 0 has the first of the 32 requests, and claims the following ones.
the_rest_is_done ()
{
  [ "$(grep -c 'worker 1 request [0-9]*: done' "$errors")" -ge 24 ]
}

# The first read is answered after the crash.
hold_reads_at "$tmp/disk" "$tmp/gate" '-eq 0'
serve_nbdkit src "${held[@]}"
serve_destination
start_copy -v -C 2 -T 2 -R 1 --request-size=256K --retry-wait=0.05 \
           --retries=20 "$src" "$dst"
wait_until the_rest_is_done
kill -KILL "$dst_pid"
wait "$dst_pid" 2> "$tmp/wait" || :
cmp -s <(make_ones /dev/stdout 8M) "$tmp/copy" || fail "the server lost nothing"
serve_destination
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_error 'worker 1: again offset'
expect_identical "$tmp/disk" "$tmp/copy"
