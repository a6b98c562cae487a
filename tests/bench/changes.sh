# SPDX-License-Identifier: LGPL-2.1-or-later
# Workloads in which little has changed since the last copy: see servers.sh.
# They set options, which only stripecopy gets, and changed, what the program
# "loop" is told.
# shellcheck shell=bash disable=SC2034

workloads_of_changes=(changed changed5 update bitmap16t)

# Prints the offsets of a hundredth of a disk in pieces of 64 KiB, scattered
# evenly, but not at equal distances: scatter BYTES
scatter ()
{
  awk -v n=$(($1 >> 16)) \
    'BEGIN { srand (1)
             for (i = 0; i + 100 <= n; i += 100)
               printf "%.0f\n", (i + int (rand () * 99)) * 65536 }'
}

# Makes the list of these pieces as vSphere prints it.
make_list ()
{
  scatter "$1" | awk -v size="$1" \
    'BEGIN { printf "{\"startOffset\": 0, \"length\": %.0f,", size
             printf " \"changedArea\": [" }
     { printf "%s{\"start\": %.0f, \"length\": 65536}", (NR > 1 ? "," : ""), $1 }
     END { print "]}" }' > "$scratch/list"
}

find_loop ()
{
  /usr/bin/python3 -c 'import nbd' 2> "$scratch/loop.log" ||
    cannot[loop]="libnbd's module for Python is missing"
}

# A hundredth is in the image; the rest comes from a driver of QEMU that costs
# nothing and says that it is data.
title_changed ()
{
  echo "Changed: 1 % of $BENCH_CHANGED in pieces of 64 KiB, by a dirty bitmap," \
       "qemu-nbd to nbdkit null; nbdcopy copies all of it"
}
start_changed ()
{
  local size
  requires qemu-img qemu-io qemu-nbd
  size=$(in_bytes "$BENCH_CHANGED")
  bytes=$((size / 100))
  qemu-img create -q -f qcow2 -u -F raw \
    -b 'json:{"driver": "raw", "file": {"driver": "null-co", "size": '"$size"'}}' \
    "$scratch/changed.qcow2" "$size"
  qemu-img bitmap --add -f qcow2 "$scratch/changed.qcow2" b0
  scatter "$size" | awk '{ print "write -q -P 90 " $1 " 64k" }' |
    qemu-io -f qcow2 "$scratch/changed.qcow2" > "$scratch/qemu-io.log" 2>&1 ||
    fail "qemu-io cannot make the source"
  serve_qemu_nbd src -t -r -e 8 -B b0 -f qcow2 "$scratch/changed.qcow2"
  serve_nbdkit dst null "$BENCH_CHANGED"
  changed=qemu:dirty-bitmap:b0
  options=(--changed=$changed)
  find_loop
}

title_changed5 ()
{
  echo "Changed, far: 1 % of $BENCH_CHANGED in pieces of 64 KiB, by a list," \
       "nbdkit pattern to null, each read and write delayed by 5 ms; nbdcopy" \
       "copies all of it"
}
start_changed5 ()
{
  local size
  requires_filter delay
  size=$(in_bytes "$BENCH_CHANGED")
  bytes=$((size / 100))
  make_list "$size"
  serve_nbdkit src --filter=delay pattern "$BENCH_CHANGED" rdelay=5ms
  serve_nbdkit dst --filter=delay null "$BENCH_CHANGED" wdelay=5ms
  changed=$scratch/list
  options=(--extents="$changed")
  find_loop
}

title_bitmap16t ()
{
  echo "A bitmap of 16 TiB with ten dirty clusters, qemu-nbd to nbdkit null"
}
start_bitmap16t ()
{
  local i
  requires qemu-img qemu-io qemu-nbd
  bytes=$((10 << 16))
  qemu-img create -q -f qcow2 "$scratch/bitmap.qcow2" 16T
  qemu-img bitmap --add -f qcow2 "$scratch/bitmap.qcow2" b0
  for ((i = 0; i < 10; i++)); do
    echo "write -q -P 90 $((i * 1800 << 30)) 64k"
  done | qemu-io -f qcow2 "$scratch/bitmap.qcow2" > "$scratch/qemu-io.log" 2>&1 ||
    fail "qemu-io cannot make the source"
  serve_qemu_nbd src -t -r -e 8 -B b0 -f qcow2 "$scratch/bitmap.qcow2"
  serve_nbdkit dst null 16T
  cannot[nbdcopy]="it zeroes all of the 16 TiB: see the row empty"
  changed=qemu:dirty-bitmap:b0
  options=(--changed=$changed)
  find_loop
}
nothing_to fresh changed changed5 bitmap16t
nothing_to check changed changed5 bitmap16t

title_update ()
{
  echo "Update: $BENCH_FILE of which 1 % differs in pieces of 64 KiB, a cached" \
       "file to another; nbdcopy and copy write all of it"
}
start_update ()
{
  make_folder
  src=$files/disk dst=$files/copy
  cp "$src" "$dst"
  options=(--update)
  updates=1
}
# The pieces get other content again.
fresh_update ()
{
  local at
  for at in $(scatter "$(in_bytes "$BENCH_FILE")"); do
    echo "write -q -P 91 $at 64k"
  done | qemu-io -f raw "$dst" > "$scratch/qemu-io.log" 2>&1 ||
    fail "qemu-io cannot write to $dst"
  cat "$src" "$dst" > /dev/null
  sync -f "$files"
}
check_update () { expect_identical "$src" "$dst"; }
