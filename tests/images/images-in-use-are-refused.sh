#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image that a virtual machine has open for writing is in use: exit status 5,
# as source and as destination, and nothing is changed.  The same holds for a
# backing file of the source.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2
requires_schemas

make_islands "$tmp/disk" 8
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/used"
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/free"
serve_qemu_nbd vm -t -f qcow2 "$tmp/used"
sum=$(md5sum < "$tmp/used")
locked='^stripecopy: .*Failed to get .*lock'

copy_fails 5 "$locked" --source-format=qcow2 "$tmp/used" "$tmp/new"
[ ! -e "$tmp/new" ] || fail "a destination was made"
copy_fails 5 "$locked" --report="$tmp/report" --destination-format=qcow2 \
           "$tmp/disk" "$tmp/used"
expect_report "r['exit'] == 5 and not r['changed']" \
              "'lock' in r['error']['message']"
copy_fails 5 "$locked" --map="$tmp/map" --destination-format=qcow2 \
           "$tmp/disk" "$tmp/used"
[ ! -e "$tmp/map" ] || fail "a map was made"
copy_fails 5 "$locked" [ qemu-nbd -e 4 -f qcow2 "$tmp/used" ] "$tmp/new"
[ "$(md5sum < "$tmp/used")" = "$sum" ] || fail "the image was changed"

# The image is free again.
stop_server vm
copy_ok --source-format=qcow2 "$tmp/used" "$tmp/new"
expect_identical "$tmp/disk" "$tmp/new"

# The backing files of the source are locked as well.
qemu-img create -q -f qcow2 -F qcow2 -b "$tmp/free" "$tmp/overlay"
sum=$(md5sum < "$tmp/free")
run_copy --source-format=qcow2 --destination-format=qcow2 \
         "$tmp/overlay" "$tmp/free"
[ $code -eq 5 ] || [ $code -eq 2 ] || fail "exit status $code"
[ "$(md5sum < "$tmp/free")" = "$sum" ] || fail "the backing file was changed"
