#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a server never answers, the second signal ends the copy at once, before the
# copy stops waiting for replies by itself.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 4M
make_ones "$tmp/copy" 4M

for fault in 'source read' 'source status' 'destination write'; do
  read -r side request <<< "$fault"
  mode=$request-silent
  serve_pair "$side" --mode="$mode"
  start_copy --stall-timeout=86400 --open-timeout=86400 "$src" "$dst"
  wait_until test -s "$tmp/$faulty.fired"
  # During block status requests at the start, the first signal ends it.
  if [ "$request" != status ]; then
    before=$EPOCHREALTIME
    kill -INT "$copy_pid"
    wait_until signal_is_taken
    pause 0.5
    expect_still_running 5 "$before"    # it waits so long for replies
  fi
  # Pending signals merge, so it is sent until the copy has ended.
  until copy_has_ended; do
    kill -INT "$copy_pid" 2> /dev/null || :
    pause 0.05
  done
  wait_copy
  [ $code -eq 130 ] || fail "$mode: exit status $code after two signals"
  expect_error '^stripecopy: ended by signal 2'
done
