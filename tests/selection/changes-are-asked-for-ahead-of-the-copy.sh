#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Replies about changes are used as they arrive: data is read long before the
# last of them, also with a single connection.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file

make_changes 3 8 16777216
for n in 1 3; do
  cp "$tmp/old" "$tmp/copy"
  serve_changes src --mode=status-short --in=changes "$tmp/disk"
  copy_ok -C $n -T $n "$changed" "$src" "$tmp/copy"
  expect_identical "$tmp/want" "$tmp/copy"
  expect_fired src
  # The middle of the log: what comes after the first read.
  [ "$(grep -c ^status "$tmp/src.requests")" -ge 256 ] ||
    fail "the answers were not short"
  [ "$(sed '1,/^read/d' "$tmp/src.requests" | grep -c ^status)" -ge 100 ] ||
    fail "everything was asked for before the first read"
  [ "$(sed '/^read/q' "$tmp/src.requests" | grep -c ^status)" -ge 2 ] ||
    fail "nothing was asked for ahead"
  stop_server src
done
