#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for thin volumes of LVM and images of Ceph.
# thin_delta is the real one, for metadata in a file; lvcreate, dmsetup and rbd
# only record what they are asked to do.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
PATH=$PATH:/usr/sbin:/sbin
requires thin_delta thin_restore python3

make_islands "$tmp/disk" 16
cp "$tmp/disk" "$page_folder/new.img"

# Makes a program of this name that appends its arguments to a file, and then
# runs its standard input with them.
stand_in ()
{
  {
    printf '#!%s\necho "%s $*" >> "%s"\n' "$BASH" "$1" "$tmp/asked"
    cat
  } > "$page_programs/$1"
  chmod +x "$page_programs/$1"
}

# A pool with blocks of 64 KiB and two thin volumes: block 2 differs, block 3 is
# only in the old one, and blocks 32 to 34 are only in the new one.
cat > "$tmp/pool.xml" <<'END_POOL'
<superblock uuid="" time="1" transaction="2" version="2" data_block_size="128"
            nr_data_blocks="300">
  <device dev_id="1" mapped_blocks="4" transaction="0" creation_time="0"
          snap_time="1">
    <range_mapping origin_begin="0" data_begin="0" length="4" time="0"/>
  </device>
  <device dev_id="2" mapped_blocks="6" transaction="1" creation_time="1"
          snap_time="1">
    <range_mapping origin_begin="0" data_begin="0" length="2" time="0"/>
    <single_mapping origin_block="2" data_block="5" time="1"/>
    <range_mapping origin_begin="32" data_begin="6" length="3" time="1"/>
  </device>
</superblock>
END_POOL
truncate -s 4M "$tmp/pool"
thin_restore -i "$tmp/pool.xml" -o "$tmp/pool" > "$tmp/restore" 2>&1 ||
  fail "thin_restore: $(cat "$tmp/restore")"
stand_in lvcreate < /dev/null
stand_in dmsetup < /dev/null
stand_in thin_delta <<END_DELTA
[ "\$1 \$2 \$4" = "--metadata-snap --snap1 --snap2" ] &&
  [ "\$6" = /dev/mapper/vg-pool_tmeta ] || exit
exec $(command -v thin_delta) --snap1 "\$3" --snap2 "\$5" "$tmp/pool"
END_DELTA

put_data "$tmp/disk" $((2 * 65536)) 65536
dd if=/dev/zero of="$tmp/disk" bs=64k seek=3 count=1 conv=notrunc status=none
put_data "$tmp/disk" $((32 * 65536)) $((3 * 65536))
cp "$tmp/disk" "$tmp/round"
put_data "$tmp/round" $((40 * 65536)) 65536     # not in the list
export snapshot=$tmp/round old_id=1 new_id=2
run_section MIGRATION.md "With thin volumes of LVM"
expect_identical "$tmp/disk" "$page_folder/new.img"
grep -qx 'dmsetup message .* release_metadata_snap' "$tmp/asked" ||
  fail "the snapshot of the metadata is kept"

# rbd's numbers are numbers, but its booleans are strings.
put_data "$tmp/disk" 8388608 100000
dd if=/dev/zero of="$tmp/disk" bs=64k seek=0 count=1 conv=notrunc status=none
cp "$tmp/disk" "$tmp/round"
put_data "$tmp/round" $((50 * 65536)) 65536     # not in the list
stand_in rbd <<END_RBD
case "\$1 \$2" in
  "diff --from-snap")
    echo '[{"offset":0,"length":65536,"exists":"false"},' \
         '{"offset":8388608,"length":100352,"exists":"true"}]' ;;
  "device map") echo "$tmp/round" ;;
esac
END_RBD
rm "$page_folder"/*.map
run_section MIGRATION.md "With Ceph RBD"
expect_identical "$tmp/disk" "$page_folder/new.img"
grep -qx "rbd device unmap $tmp/round" "$tmp/asked" ||
  fail "the device is kept"
