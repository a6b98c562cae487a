#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With a digest, no worker runs far ahead of a read that is not answered.  The
# worker that waits for that read still obeys a signal.

. "$(dirname "$0")/../lib/test.sh"
requires_digests
requires_plugin file

truncate -s 1G "$tmp/disk"
truncate -s 1G "$tmp/copy"
serve_faulty src --mode=read-silent --offset=0 --without=extents "$tmp/disk"
serve_logged dst file "$tmp/copy"
# The worker at the front holds all of these few requests, so the other one
# waits.
start_copy -v -T 2 -R 4 --request-size=64k --destination-is-zero=no --sparse=0 \
           --blkhash "$src" "$dst"
wait_until grep -q 'waiting for the digest' "$errors"
kill -TERM "$copy_pid"
wait_until grep -q 'worker .: flush$' "$errors"
kill -TERM "$copy_pid"          # without waiting for the other worker
wait_copy
expect_no_leftovers
expect_fired src
[ $code -eq 143 ] || fail "exit status $code"
[ ! -s "$output" ] || fail "a digest of a part of a disk was printed"
[ "$(request_bytes dst Write)" -gt 0 ] || fail "the other worker did nothing"
[ "$(request_bytes dst Write)" -le $((16 << 20)) ] ||
  fail "the other worker ran ahead by $(request_bytes dst Write) bytes"
