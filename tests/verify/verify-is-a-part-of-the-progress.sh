#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# N/100 of a verified copy never decreases and is 100 only at the end.  A signal
# during the verification ends it, and the message says how much was verified.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

make_islands "$tmp/disk" 16
make_gate "$tmp/gate"
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit real file "$tmp/disk"
truncate -s 16M "$tmp/copy"

# Reads of the destination wait at the gate.
serve_nbdkit dst eval get_size='echo 16777216' can_flush='exit 0' \
             flush='exit 0' can_multi_conn='exit 0' \
             pwrite="dd of='$tmp/copy' bs=64k oflag=seek_bytes seek=\$4 \
                     conv=notrunc status=none" \
             pread="echo > '$tmp/reading'
                    : < '$tmp/gate'
                    dd if='$tmp/copy' bs=64k iflag=skip_bytes,count_bytes \
                       skip=\$4 count=\$3 status=none"

numbers () { sed 's,/100$,,' "$tmp/progress"; }
has_half () { [ "$(numbers | tail -n 1)" -ge 50 ]; }

start_copy --verify -p --progress=3 "$src" "$dst" 3> "$tmp/progress"
wait_until test -s "$tmp/reading"
wait_until has_half
kill -USR1 "$copy_pid"
wait_until grep -q 'zero on both sides' "$errors"
[ "$(numbers | tail -n 1)" -lt 100 ] || fail "100 before it was verified"
open_gate "$tmp/gate"
wait_copy
exec {gate}>&-                          # closes it again
[ $code -eq 0 ] || fail "exit status $code"
numbers | sort -nc || fail "the numbers decrease"
[ "$(numbers | grep -c '^100$')" -eq 1 ] || fail "not one 100"
expect_identical "$tmp/disk" "$tmp/copy"

# A signal.  Nothing was left to write, and nothing was written.
rm "$tmp/reading"
start_copy --verify -p --progress=3 "$src" "$dst" 3> "$tmp/progress"
wait_until test -s "$tmp/reading"
kill -INT "$copy_pid"
wait_until signal_is_taken
open_gate "$tmp/gate"
wait_copy
[ $code -eq 130 ] || fail "exit status $code"
expect_error 'ended by signal 2 .*: compared .* of 16\.0 MiB'
! numbers | grep -qx 100 || fail "progress reached 100 before the verification"
expect_identical "$tmp/disk" "$tmp/copy"
