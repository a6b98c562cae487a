#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# INT, TERM and HUP end the copy: it prints the amount that was copied, the
# servers are reaped, and the exit status names the signal.

. "$(dirname "$0")/../lib/test.sh"
requires_filter delay log
requires_plugin file

make_data "$tmp/disk" 64M
for signal in INT TERM HUP; do
  rm -f "$tmp/src.requests"
  start_copy -T 2 -R 1 --request-size=4096 \
             [ nbdkit --filter=log --filter=delay -r file "$tmp/disk" \
                      delay-read=20ms logfile="$tmp/src.requests" ] \
             [ nbdkit memory 64M ]
  wait_until has_request src Read
  kill -$signal "$copy_pid"
  wait_copy
  expect_no_leftovers
  [ $code -eq $((128 + $(kill -l $signal))) ] ||
    fail "exit status $code after SIG$signal"
  expect_error '^stripecopy: .*copied '
done
