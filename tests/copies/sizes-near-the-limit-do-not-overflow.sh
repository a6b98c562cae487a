#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Disks of 7 EiB, and of the largest size of 63 bits, are planned and begun.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin null
requires_plugin data

# One thread per connection: some nbdkits with more threads do not survive
# clients that disconnect early, as plans do that have only a second.
serve_nbdkit huge -t 1 null 7E
serve_nbdkit fresh -t 1 null 7E
serve_nbdkit last -t 1 data '@9223372036854775000 1'

plan_briefly "$huge" null:
expect_error 'size=8070450532247928832\b'
plan_briefly "$huge" "$fresh"
expect_error 'size=8070450532247928832\b'
plan_briefly "$last" null:
expect_error 'size=9223372036854775001\b'
copy_fails 2 '^stripecopy: destination .*small' --plan "$last" "$huge"

for uri in "$huge" "$last"; do
  start_copy --progress=3 "$uri" null: 3> "$tmp/progress"
  wait_until test -s "$tmp/progress"
  kill -INT "$copy_pid"
  wait_copy
  [ $code -eq 130 ] || fail "exit status $code after SIGINT"
  expect_error '^stripecopy: ended by signal 2'
  ! grep -q 100/100 "$tmp/progress" || fail "progress reached 100 %"
done
