#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a server accepts fewer clients than there are workers, fewer workers run,
# whether the server refuses clients or lets them wait.

. "$(dirname "$0")/../lib/test.sh"
requires qemu-nbd
requires_filter limit
requires_plugin file

two_were_refused ()
{
  [ "$(grep -c 'continuing without connection' "$errors")" -eq 2 ]
}

# A place would be free for a worker that comes when others have left.
make_disks
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_logged src --filter=limit "${held[@]}" limit=2
serve_nbdkit dst file "$tmp/copy"
start_copy -T 4 -C 4 "$src" "$dst"
wait_until two_were_refused
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests src Connect -eq 2

make_disks
serve_qemu_nbd two -t -e 2 -f raw "$tmp/copy"
copy_ok -T 4 -C 4 [ nbdkit -r file "$tmp/disk" ] "$two"
expect_identical "$tmp/disk" "$tmp/copy"
