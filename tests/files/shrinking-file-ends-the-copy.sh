#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file that shrinks while it is read is an error, with io_uring and without.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory
requires_filter delay

shrink ()
{
  make_data "$tmp/disk" 32M
  serve_logged dst --filter=delay memory 32M wdelay=20ms
  start_copy -T 1 -R 1 --request-size=64k "$tmp/disk" "$dst"
  wait_until has_request dst Write
  truncate -s 64k "$tmp/disk"
  wait_copy
  [ $code -eq 1 ] || fail "exit status $code"
  expect_error '^stripecopy: source .*read failed at offset .*shrunk'
  stop_server dst
}

shrink
without_uring
shrink
