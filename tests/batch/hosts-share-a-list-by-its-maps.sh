#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Several runs of the same manifest at the same time, with a map for each copy:
# each disk is copied once, and another run completes the disk of a killed run.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/hosts.sh"
requires_schemas
requires_bare_binary "reports of killed copies are not checked"
requires ps

list_disks 5 "nbd+unix:///EXPORT?socket=$tmp/src.sock"
serve_logged src -r file dir="$tmp/from"

for host in 1 2 3; do
  start_host $host
done
lose_host_1
expect_once 5 2 3
grep -q 'waiting for another run' "$tmp"/host[23].log || fail "no host waited"

# All disks but that of the killed run were read once.
most=$((5 * 4 << 20))
bytes=$(request_bytes src Read)
[ "$bytes" -ge "$most" ] && [ "$bytes" -le $((most + (4 << 20))) ] ||
  fail "$bytes bytes were read"

# A further run finds all of it done.
start_host 4
wait_host 4
expect_json manifest-report "$tmp/report4" "r['status'] == 'unchanged'" \
            "r['bytes']['resumed'] == $most"
[ "$(request_bytes src Read)" -eq "$bytes" ] || fail "a finished disk was read"
wait_until have_no_leftovers
