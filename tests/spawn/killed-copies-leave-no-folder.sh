#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The private sockets of servers have no name while a copy runs, so SIGKILL
# leaves no folder in TMPDIR.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin curl
requires_formats qcow2

make_disks 16

# The workers hang, and servers run on both sides.
start_copy [ "$faulty_server" --mode=read-silent --log="$tmp/src.fired" \
             "$tmp/disk" ] [ nbdkit memory 16M ]
wait_until test -s "$tmp/src.fired"
find_leftovers
[ ${#leftovers[@]} -ge 3 ] || fail "the servers are not running"
kill -KILL "$copy_pid"
wait_copy
wait_until have_no_leftovers
expect_no_leftovers

# One server reads from the socket of another one.
qemu-img convert -O qcow2 "$tmp/disk" "$tmp/disk.qcow2"
serve_web web "$tmp"
start_copy --source-format=qcow2 "$web/disk.qcow2" \
           [ "$faulty_server" --mode=write-silent --log="$tmp/dst.fired" \
             "$tmp/copy" ]
wait_until test -s "$tmp/dst.fired"
find_leftovers
[ ${#leftovers[@]} -ge 4 ] || fail "the servers are not running"
kill -KILL "$copy_pid"
wait_copy
wait_until have_no_leftovers
expect_no_leftovers
copy_ok --source-format=qcow2 "$web/disk.qcow2" "$tmp/again"
expect_identical "$tmp/disk" "$tmp/again"
