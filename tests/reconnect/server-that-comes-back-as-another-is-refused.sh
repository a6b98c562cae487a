#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A new connection must lead to the same disk: another size, or other
# capabilities, end the copy.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

make_data "$tmp/disk" 16M

# returns_as WHAT ARGS...: kills the destination and starts another one with
# ARGS, while no read of the second half is answered.
returns_as ()
{
  local what=$1
  shift
  hold_reads_at "$tmp/disk" "$tmp/gate" '-ge 8388608'
  serve_nbdkit src "${held[@]}"
  serve_logged dst memory 16M
  start_copy --request-size=64k --retry-wait=0.05 --retries=20 "$src" "$dst"
  wait_until has_request dst Write
  stop_server dst KILL
  serve_nbdkit dst "$@"
  wait_copy
  [ $code -eq 1 ] || fail "exit status $code: $what"
  expect_error "^stripecopy: destination .*differs from the first: $what\$"
  stop_server dst
  open_gate "$tmp/gate"         # or the source's scripts would wait on
  stop_server src
  rm "$tmp/gate"
}

returns_as size memory 17M
returns_as 'read-only flag' -r memory 16M
