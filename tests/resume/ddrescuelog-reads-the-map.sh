#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ddrescuelog reads the map, of a half finished and of a finished copy.

. "$(dirname "$0")/../lib/test.sh"
requires ddrescuelog

# Reads of the second half are answered when the copy is to end.
make_data "$tmp/disk" 16M
hold_reads_at "$tmp/disk" "$tmp/gate" '-ge 8388608'
serve_logged src "${held[@]}"
start_copy -R 1 --request-size=256K --map="$tmp/map" "$src" "$tmp/copy"
wait_until has_request src Read
kill -INT "$copy_pid"
wait_until signal_is_taken
open_gate "$tmp/gate"
wait_copy

# Counts blocks of 512 bytes: finished ones, and all.
count () { ddrescuelog --list-blocks="$1" "$tmp/map" | wc -l; }

ddrescuelog --show-status "$tmp/map" > "$tmp/status" ||
  fail "ddrescuelog refuses it: $(cat "$tmp/map")"
grep -q 'mapfile extent: *16777 kB' "$tmp/status" ||
  fail "ddrescuelog sees another disk: $(cat "$tmp/status")"
! ddrescuelog --done-status "$tmp/map" ||
  fail "ddrescuelog says that the copy is done"
[ $(($(count +) + $(count '?'))) -eq 32768 ] ||
  fail "there are blocks of other kinds"

copy_ok --map="$tmp/map" "$src" "$tmp/copy"
ddrescuelog --done-status "$tmp/map" ||
  fail "ddrescuelog says that the copy is not done"
[ "$(count +)" -eq 32768 ] || fail "not all blocks are finished"
