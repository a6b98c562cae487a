#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for rounds with QEMU's dirty bitmaps, while
# the disk is written to.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
. "$srcdir/lib/qemu.sh"
requires_formats qcow2
requires jq

make_page_qmp old
old_guest="nbd+unix:///guest?socket=$page_folder/old.sock"
let_guest_in ()
{
  qmp old <<< '{ "execute": "block-export-add", "arguments": {
    "type": "nbd", "id": "guest", "name": "guest", "node-name": "disk",
    "writable": true } }'
}

make_islands "$tmp/disk" 16
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$page_folder/old.qcow2"
qemu-img bitmap --add "$page_folder/old.qcow2" round-1
run_section MIGRATION.md "If the record is lost"
expect_identical "$tmp/disk" "$page_folder/new.img"
run_section MIGRATION.md "How long will the stop be"
[ "$(< "$output")" = 0 ] || fail "an empty bitmap has $(< "$output") bytes"
qemu-io -f qcow2 -c 'write -P 1 0 1M' "$page_folder/old.qcow2" > "$tmp/guest"
run_section MIGRATION.md "How long will the stop be"
[ "$(< "$output")" = 1048576 ] || fail "the bitmap has $(< "$output") bytes"
qemu-img bitmap --remove "$page_folder/old.qcow2" round-1

rm "$page_folder/new.img"
start_qemu old qcow2 "$page_folder/old.qcow2"
run_section MIGRATION.md "With QEMU's dirty bitmaps"
let_guest_in
guest old 'write -P 2 2M 1M' 'discard 9M 1M'
! qemu-img compare -f raw -F raw "$old_guest" "$page_folder/new.img" \
  > "$tmp/compare" || fail "no round is needed"
meanwhile old 'write -P 3 2M 64k' 'write -z 12M 1M'
run_section MIGRATION.md "A round with a dirty bitmap"
expect_written_meanwhile

# A round that is given up is part of the next one.
guest old 'write -P 3 4M 64k'
begin_round old 3
guest old 'write -P 4 5M 64k'
run_section MIGRATION.md "Giving up a round"
guest old 'write -P 5 6M 64k'
qmp old <<< '{ "execute": "block-export-del", "arguments": { "id": "guest" } }'
run_section MIGRATION.md "The last round"
stop_server old
expect_same_disk qcow2 "$page_folder/old.qcow2" raw "$page_folder/new.img"

# A round from a snapshot does not see the writes after its beginning.
rm "$page_folder/"*.map "$page_folder/old.sock"
start_qemu old qcow2 "$page_folder/old.qcow2" \
           --nbd-server addr.type=unix,addr.path="$page_folder/old.sock"
let_guest_in
qmp old <<< '{ "execute": "block-dirty-bitmap-add", "arguments": {
                 "node": "disk", "name": "round-2" } }'
guest old 'write -P 6 7M 64k'
qemu-img convert -f raw -O raw "$old_guest" "$tmp/moment"
meanwhile old 'write -P 7 0 1M' 'write -P 8 7M 64k'
run_section MIGRATION.md "A usable copy after each round"
expect_written_meanwhile
expect_identical "$tmp/moment" "$page_folder/new.img"
stop_server old

copy_ok --source-format=qcow2 "$page_folder/old.qcow2" "$page_folder/new.img"
rm "$page_folder/"*.map
qemu-img bitmap --add "$page_folder/old.qcow2" round-3
qemu-io -f qcow2 -c 'write -P 9 8M 64k' "$page_folder/old.qcow2" > "$tmp/guest"
run_section MIGRATION.md "The last round from an image"
expect_same_disk qcow2 "$page_folder/old.qcow2" raw "$page_folder/new.img"
