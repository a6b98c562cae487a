#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A crash of the destination ends a copy without retries with status 3.  The
# same command, repeated, completes it: data that a crash has lost was never in
# the map.

. "$(dirname "$0")/../lib/test.sh"
requires_filter delay
requires_plugin file

make_data "$tmp/disk" 48M
make_ones "$tmp/copy" 48M
# So slow that the first crash comes after the first checkpoint.
serve_nbdkit src --filter=delay -r file "$tmp/disk" delay-read=15ms
serve_faulty dst --mode=crash --after=400 --times=3 "$tmp/copy"

runs=0 stored=0 code=3
while [ $code -eq 3 ]; do
  run_copy -C 2 -T 2 -R 2 --request-size=64K --retries=0 --map="$tmp/map" \
           --map-interval=1 "$src" "$dst"
  runs=$((runs + 1))
  [ "$(finished_bytes "$tmp/map")" -ge $stored ] || fail "the map lost blocks"
  stored=$(finished_bytes "$tmp/map")
  [ $stored -gt 0 ] || fail "the map has nothing"
done
[ $code -eq 0 ] || fail "exit status $code in the end"
[ $runs -ge 2 ] || fail "no crash ended a copy"
expect_fired dst
expect_identical "$tmp/disk" "$tmp/copy"
