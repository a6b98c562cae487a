#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that never answers cannot keep the user, whatever was asked of it:
# the second signal ends the copy before it gives up waiting for answers.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 4M
make_ones "$tmp/copy" 4M

for mode in read-silent status-silent write-silent; do
  if [ $mode = write-silent ]; then
    serve_nbdkit src -r file "$tmp/disk"
    serve_faulty dst --mode=$mode "$tmp/copy"
    fired=$tmp/dst.fired
  else
    serve_faulty src --mode=$mode "$tmp/disk"
    serve_nbdkit dst file "$tmp/copy"
    fired=$tmp/src.fired
  fi
  start_copy --stall-timeout=86400 --open-timeout=86400 "$src" "$dst"
  wait_until test -s "$fired"
  # While a server is asked for its status, the first one ends it.
  if [ $mode != status-silent ]; then
    kill -INT "$copy_pid"
    wait_until signal_is_taken
    pause 0.5                   # it waits for answers for five seconds
    ! copy_has_ended || fail "$mode: the first signal ended it"
  fi
  # Signals that are pending merge: so send it until the copy has ended.
  until copy_has_ended; do
    kill -INT "$copy_pid" 2> /dev/null || :
    pause 0.05
  done
  wait_copy
  [ $code -eq 130 ] || fail "$mode: exit status $code after two signals"
  expect_error '^stripecopy: ended by signal 2'
  stop_server src
  stop_server dst
done
