#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If the kernel or a server refuses a way of zeroing, with any error, the next
# way is tried, and at last zeroes are written.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin eval
requires_filter error

make_disks 16

# The kernel: with a map the copy writes into an existing file.
plain=("${wrapper[@]}")
"$refuse_uring" true || skip "system calls cannot be refused on this machine"

# expect_refused TEXT: checks that the copy has seen this refusal.
expect_refused ()
{
  expect_error "zero completed .*: $1"
}

for number in 16 95 22 28 1 5; do   # EBUSY EOPNOTSUPP EINVAL ENOSPC EPERM EIO
  case $number in
    95|22) text='Operation not supported' ;;
    *) text='Device or resource busy' ;;
  esac
  wrapper=("$refuse_uring" "--zeroing=$number" "${plain[@]}")
  make_ones "$tmp/file" 16M
  copy_ok -v --shard=1/1 --no-extents "$tmp/disk" "$tmp/file"
  expect_refused "$text"
  expect_identical "$tmp/disk" "$tmp/file"
  make_ones "$tmp/file" 16M
  copy_ok -v --allocated "$tmp/disk" "$tmp/file"
  expect_refused "$text"
  expect_identical "$tmp/disk" "$tmp/file"
  if [ -e /dev/loop-control ] && can_make_device "$tmp/copy"; then
    make_ones "$tmp/copy" 16M
    make_device device "$tmp/copy"
    copy_ok -v "$tmp/disk" "$device"
    expect_refused "$text"
    expect_identical "$tmp/disk" "$device"
    losetup -d "$device"
    devices=()
  fi
done
wrapper=("${plain[@]}")

# A server.
for number in EPERM ENOSPC EINVAL; do
  make_ones "$tmp/file" 16M
  serve_nbdkit dst --filter=error file "$tmp/file" \
               error-zero="$number" error-zero-rate=100%
  copy_ok -v "$tmp/disk" "$dst"
  expect_refused '[A-Z]'
  expect_identical "$tmp/disk" "$tmp/file"
  stop_server dst
done

# One range is refused, and only that range is written.
make_ones "$tmp/file" 16M
export file=$tmp/file once=$tmp/once
serve_logged dst eval \
  get_size='echo 16M' thread_model='echo serialize_all_requests' \
  pread='dd if=$file skip=$4 count=$3 iflag=skip_bytes,count_bytes status=none' \
  pwrite='dd of=$file seek=$4 oflag=seek_bytes conv=notrunc status=none' \
  can_zero='exit 0' flush='exit 0' can_flush='exit 0' \
  zero='if mkdir "$once"; then echo ENOSPC >&2; exit 1; fi
        head -c "$3" /dev/zero |
          dd of=$file seek=$4 oflag=seek_bytes conv=notrunc status=none'
copy_ok --threads=1 "$tmp/disk" "$dst"
expect_identical "$tmp/disk" "$tmp/file"
[ -d "$once" ] || fail "no zero request was refused"
expect_requests dst Zero -gt 1
