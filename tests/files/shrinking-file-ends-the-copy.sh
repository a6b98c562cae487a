#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file that shrinks while it is read is an error, with io_uring and without.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

# shrink GATE: no write is answered before the file has shrunk.
shrink ()
{
  make_data "$tmp/disk" 32M
  make_gate "$tmp/$1"
  serve_logged dst eval get_size='echo 32M' can_write='exit 0' \
               pread='exit 1' pwrite="cat > /dev/null; : < '$tmp/$1'"
  start_copy -T 1 -R 1 --request-size=64k "$tmp/disk" "$dst"
  wait_until has_request dst Write
  truncate -s 64k "$tmp/disk"
  open_gate "$tmp/$1"
  wait_copy
  [ $code -eq 1 ] || fail "exit status $code"
  expect_error '^stripecopy: source .*read failed at offset .*shrunk'
  stop_server dst
}

shrink gate
without_uring
shrink gate2
