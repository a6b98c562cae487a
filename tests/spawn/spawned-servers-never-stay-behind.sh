#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Servers that stripecopy started, and the folders of their sockets, are gone
# after it ends, also by a signal.  Even after SIGKILL the servers end.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory


make_disks 16
for signal in TERM KILL; do
  rm -f "$tmp/src.fired"
  start_copy [ "$faulty_server" --mode=read-silent --log="$tmp/src.fired" \
               "$tmp/disk" ] [ nbdkit memory 16M ]
  wait_until test -s "$tmp/src.fired"
  find_leftovers
  [ ${#leftovers[@]} -ge 3 ] || fail "the servers are not running"

  kill -$signal "$copy_pid"
  [ $signal = KILL ] || kill -$signal "$copy_pid" 2> "$tmp/kill" || :
  wait_copy
  if [ $signal = KILL ]; then
    wait_until have_no_leftovers
  else
    [ $code -eq 143 ] || fail "exit status $code after SIGTERM"
    expect_no_leftovers
  fi
done
