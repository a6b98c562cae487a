#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Command lines of programs that call nbdcopy today work, with options before
# and after the names.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks 16
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"

check_and_reset ()
{
  expect_identical "$tmp/disk" "$tmp/copy"
  tr '\0-\377' '\377' < "$tmp/copy" | dd of="$tmp/copy" conv=notrunc status=none
}

# virt-v2v
copy_ok "$src" "$dst" --request-size=262144 --requests=16 --flush --progress \
        --allocated
check_and_reset

# migratekit; the disk is not zero, but the option says so
copy_ok --progress=3 "$src" "$dst" --destination-is-zero 3> "$tmp/progress"
grep -qx 100/100 "$tmp/progress" || fail "no progress for migratekit"
make_ones "$tmp/all" 16M
! cmp -s "$tmp/disk" "$tmp/copy" || fail "--destination-is-zero did nothing"
tr '\0-\377' '\377' < "$tmp/copy" | dd of="$tmp/copy" conv=notrunc status=none

# vmware-migration-kit
copy_ok -p "$src" "$dst" --target-is-zero=no --connections=16 --threads=16 -v
check_and_reset

# abbreviated, clustered, and with units
copy_ok --alloc --conn 2 -pvR8 -S 0 --request-size 1M --no-ext "$src" "$dst"
check_and_reset

# a command without options of its own
copy_ok [ nbdkit file "$tmp/disk" ] "$dst"
check_and_reset
copy_ok --synchronous -T 0 -C 1 --queue-size=0 -- "$src" "$dst"
check_and_reset
