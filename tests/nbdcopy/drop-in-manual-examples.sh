#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each example of nbdcopy's manual works with the name replaced.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin memory
requires qemu-nbd qemu-img

stripecopy=$(realpath "$stripecopy")
cd "$tmp"
make_disks 16
mv disk local.img
qemu-img convert -f raw -O qcow2 local.img disk.qcow2
serve_nbdkit server1 -r file local.img
serve_nbdkit server2 file copy

# Runs stripecopy in a pipeline.
piped ()
{
  TMPDIR=$tmp/private timeout -k 5 "$limit" \
    "${wrapper[@]}" "$stripecopy" "$@" 2> "$errors"
}

# nbdcopy nbd://example.com local.img
copy_ok "$server1" new.img
expect_identical local.img new.img

# nbdcopy local.img nbd://example.com
copy_ok local.img "$server2"
expect_identical local.img copy

# nbdcopy nbd://server1 nbd://server2
make_ones copy 16M
copy_ok "$server1" "$server2"
expect_identical local.img copy

# nbdcopy nbd://server null:
copy_ok "$server1" null:

# exec 3>/tmp/progress
# nbdcopy --progress=3 ...
# exec 3>&-
exec 3> progress
copy_ok --progress=3 "$server1" null:
exec 3>&-
[ "$(tail -n 1 progress)" = 100/100 ] || fail "no progress"

# nbdcopy -- [ qemu-nbd -f qcow2 disk.qcow2 ] [ nbdkit memory 1G ]
copy_ok -v -- [ qemu-nbd -f qcow2 disk.qcow2 ] [ nbdkit memory 1G ]
expect_error '^stripecopy: copied 16.0 MiB '

# nbdcopy -p /dev/sdX "nbd+unix:///?socket=/tmp/unixsock"
if can_make_device local.img; then
  make_device sdX local.img
  make_ones copy 16M
  copy_ok -p "$sdX" "$server2"
  expect_identical local.img copy
  expect_error '^  100% '
fi

# nbdcopy nbd://example.com - | file -
piped "$server1" - | cmp - local.img || fail "piped from a server"

# nbdcopy -- [ qemu-nbd -f qcow2 disk.qcow2 ] - | hexdump -C
# (and the same with -r and a disk behind an https address)
piped -- [ qemu-nbd -f qcow2 disk.qcow2 ] - | cmp - local.img ||
  fail "piped from a command"
piped -- [ qemu-nbd -r -f qcow2 disk.qcow2 ] - | cmp - local.img ||
  fail "piped from a read-only command"

# cat disk1 disk2 | nbdcopy -- - [ qemu-nbd -f qcow2 output.qcow2 ]
head -c 5000000 local.img > disk1
tail -c +5000001 local.img > disk2
qemu-img create -q -f qcow2 output.qcow2 16M
cat disk1 disk2 | piped -- - [ qemu-nbd -f qcow2 output.qcow2 ] ||
  fail "piped to a command"
qemu-img compare -q local.img output.qcow2 || fail "the two disks differ"
