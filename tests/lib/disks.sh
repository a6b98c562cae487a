# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the disks of the tests, and compares them.  Sourced by test.sh.
# shellcheck shell=bash disable=SC2154

# Makes a file of SIZE bytes in which no two blocks are equal and none is zero.
make_data ()
{
  head -c "$2" < <(seq $((100000000 + ${3:-0})) inf) > "$1"
}

# Writes LENGTH bytes of unique data at an OFFSET of a file.  They are letters,
# so that each byte differs from those of make_data.
put_data ()
{
  dd if=<({ seq $((100000000 + $2)) inf | tr '0-9\n' a-k; } 2> "$tmp/seq") \
     of="$1" bs=64k iflag=fullblock,count_bytes count="$3" \
     oflag=seek_bytes seek="$2" conv=notrunc status=none
}

# Makes a sparse file of SIZE MiB with 1 MiB (and some bytes) of data in each 8.
make_islands ()
{
  local mib
  truncate -s "$2"M "$1"
  for ((mib = 1; mib < $2 - 2; mib += 8)); do
    put_data "$1" $((mib * 1049001)) 1050000
  done
}

# Makes a file of SIZE bytes, each of them 0xFF.
make_ones ()
{
  head -c "$2" /dev/zero | tr '\0' '\377' > "$1"
}

# Makes a block device of a file and sets the variable NAME to its name:
# make_device NAME FILE ARGS...
make_device ()
{
  local name=$1 file=$2 made
  shift 2
  requires losetup
  made=$(losetup --find --show "$@" "$file" 2> "$errors") ||
    skip "loop devices cannot be made on this machine"
  devices+=("$made")
  printf -v "$name" %s "$made"
}

# Returns true if a block device can be made of this file.
can_make_device ()
{
  (make_device probe "$1" && losetup -d "$probe") > "$tmp/probe.log"
}

# Makes the usual pair: $tmp/disk of SIZE MiB with islands of data, and
# $tmp/copy of the same size, full of ones, so that each byte that is not copied
# shows.
make_disks ()
{
  make_islands "$tmp/disk" "${1:-32}"
  make_ones "$tmp/copy" "${1:-32}M"
}

# Makes disks of many sizes: $tmp/from/SIZE is all data, $tmp/from/holeSIZE is
# all hole.  Copies go to $tmp/to.
make_sizes ()
{
  local size
  mkdir "$tmp/from" "$tmp/to"
  for size; do
    make_data "$tmp/from/$size" "$size"
    truncate -s "$size" "$tmp/from/hole$size"
  done
}

# Checks that two files hold the same bytes and are of the same size.
expect_identical ()
{
  cmp "$1" "$2" || fail "$1 and $2 differ"
}

# Checks with another client that two NBD exports have the same content.
expect_same_content ()
{
  qemu-img compare -f raw -F raw "$1" "$2" > "$tmp/compare" 2>&1 ||
    fail "$1 and $2 differ: $(cat "$tmp/compare")"
}

# Checks with another program that two images hold the same disk; the longer one
# may only have zeroes after it: FORMAT FILE FORMAT FILE.
expect_same_disk ()
{
  qemu-img compare "driver=$1,file.driver=file,file.filename=${2//,/,,}" \
           "driver=$3,file.driver=file,file.filename=${4//,/,,}" --image-opts \
           > "$tmp/compare" 2>&1 ||
    fail "$2 and $4 differ: $(cat "$tmp/compare")"
}
