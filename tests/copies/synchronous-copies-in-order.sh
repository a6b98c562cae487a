#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --synchronous: one connection, one request at a time, from start to end.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
serve_logged src -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"

copy_ok --synchronous "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests src Connect -eq 1
expect_requests dst Connect -eq 1

# No request starts before the one before it has ended, on either side.
sort -s -k 1,2 "$tmp/src.requests" "$tmp/dst.requests" |
  awk '/ (Read|Write|Zero) id=/ { open++ }
       / \.\.\.(Read|Write|Zero) id=/ { open-- }
       open > 1 { print; exit 1 }' > "$tmp/second.log" ||
  fail "there were two requests at a time"
for kind in Read Write; do
  { request_lines src $kind; request_lines dst $kind; } |
    sed 's/.* offset=\(0x[0-9a-f]*\).*/\1/' |
    while read -r at; do echo $((at)); done > "$tmp/offsets"
  [ -s "$tmp/offsets" ] || fail "there is no request of kind $kind"
  sort -n "$tmp/offsets" | cmp - "$tmp/offsets" ||
    fail "requests of kind $kind are out of order"
done
