#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Pages that were in the page cache before the copy stay, and pages that it read
# or wrote are dropped, with io_uring and without.

TMPDIR=${TEST_DISK:-$PWD}               # on a disk, not in memory
. "$(dirname "$0")/../lib/test.sh"
requires fincore python3

pages () { fincore -nbo pages "$1" | tr -d ' '; }

# Drops the pages of a file.  The kernel keeps pages that it is working on.
is_emptied ()
{
  dd of="$1" oflag=nocache conv=notrunc,fdatasync count=0 status=none
  [ "$(pages "$1")" -eq 0 ]
}
empty_cache () { wait_until is_emptied "$1"; }

# Reads 4 MiB of a file from 20 MiB on, without read-ahead, which might still
# run while the pages are counted.
cache_some ()
{
  python3 -c '
import os, sys
fd = os.open (sys.argv[1], os.O_RDONLY)
os.posix_fadvise (fd, 0, 0, os.POSIX_FADV_RANDOM)
assert len (os.pread (fd, 4 << 20, 20 << 20)) == 4 << 20' "$1"
}

# Kernels may drop unused pages at any time.  A check that fails once must
# succeed in another try.
expect_pages ()
{
  local n
  n=$(pages "$1")
  test "$n" "$2" "$3" ||
    unseen=${unseen:-"$n pages of $1 are cached, not $2 $3"}
}
see ()
{
  for _ in 1 2 3 4 5; do
    unseen=
    "$@"
    [ -n "$unseen" ] || return 0
    echo "$unseen"
  done
  fail "five times not: $unseen"
}

make_data "$tmp/disk" 64M
[ "$(pages "$tmp/disk")" -gt 0 ] || skip "the page cache cannot be read"
for ((i = 0; i < 20; i++)); do
  ! is_emptied "$tmp/disk" || break
done
[ $i -lt 20 ] || skip "files are always in memory"
all=$((64 * 1048576 / $(getconf PAGESIZE)))
few=$((all / 32))

leave_nothing ()
{
  empty_cache "$tmp/disk"
  copy_ok -T 1 "$tmp/disk" "$tmp/copy"
  expect_pages "$tmp/disk" -le $few
  expect_pages "$tmp/copy" -le $few
}

leave_all_that_was_there ()
{
  expect_identical "$tmp/disk" "$tmp/copy"
  expect_pages "$tmp/disk" -ge $((all - few))
  copy_ok "$tmp/disk" "$tmp/copy"
  expect_pages "$tmp/disk" -ge $((all - few))
}

leave_the_part_that_was_there ()
{
  local before
  empty_cache "$tmp/disk"
  cache_some "$tmp/disk"
  before=$(pages "$tmp/disk")
  [ "$before" -gt 0 ] || unseen="nothing of the disk could be cached"
  copy_ok -T 1 "$tmp/disk" null:
  expect_pages "$tmp/disk" -ge $((before - few))
  expect_pages "$tmp/disk" -le $((before + few))
}

look ()
{
  see leave_nothing
  see leave_all_that_was_there
  see leave_the_part_that_was_there
}

look
without_uring
look
