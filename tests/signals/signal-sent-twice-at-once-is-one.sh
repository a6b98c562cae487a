#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A signal that comes twice at once, as from timeout(1) or sudo(8), counts as
# one: earlier writes are flushed and in the map.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 16M
make_ones "$tmp/copy" 16M
serve_logged src -r file "$tmp/disk"

for signal in INT TERM; do
  # The rate limit makes it take hours; it starts with a credit of about 1 MiB.
  start_copy -R 2 --request-size=64K --bwlimit=32K --map="$tmp/map" \
             "$src" [ nbdkit --filter=log file "$tmp/copy" \
                      logfile="$tmp/dst.requests" ]
  wait_until test -e "$tmp/dst.requests"
  wait_until has_request dst Write
  kill -s $signal "$copy_pid" "$copy_pid"       # both within 0.2 s
  wait_copy
  [ $code -eq $((128 + $(kill -l $signal))) ] || fail "exit status $code"
  [ "$(finished_bytes "$tmp/map")" -gt 0 ] || fail "$signal: nothing is stored"
  rm "$tmp/map" "$tmp/dst.requests"
done
