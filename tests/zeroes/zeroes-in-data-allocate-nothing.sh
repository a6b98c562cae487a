#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Zeroes that are found in data are not written if the destination reads as
# zeroes already, even if its block status comes later than the data.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin memory
requires_filter delay

# A source full of zeroes that are reported as data.
head -c 32M /dev/zero > "$tmp/disk"
serve_nbdkit src -r file "$tmp/disk"

# A server that reports its extents late, and in small pieces.
for slow in delay-extents=200ms delay-read=0; do
  for threads in 1 4; do
    serve_logged dst --filter=delay memory 32M $slow
    copy_ok --threads=$threads --no-extents "$src" "$dst"
    expect_requests dst Extents -gt 0
    expect_requests dst Zero -eq 0
    expect_requests dst Write -eq 0
    stop_server dst
  done
done

# The same if only parts of the extents are known at a time, and some data is
# not zero.
truncate -s 32M "$tmp/copy"
put_data "$tmp/copy" 10000000 1000000
serve_faulty dst --mode=status-short "$tmp/copy"
copy_ok -v --no-extents "$src" "$dst"
expect_fired dst
expect_identical "$tmp/disk" "$tmp/copy"
expect_error '^stripecopy: copied .* 0 B data, .* (29|30|31)\.[0-9] MiB already zero'
stop_server dst

# A server that never reports its extents gets zeroes written.
make_ones "$tmp/copy" 32M
serve_faulty dst --mode=status-none "$tmp/copy"
copy_ok --no-extents "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
stop_server dst

requires_formats qcow2
qemu-img create -q -f qcow2 "$tmp/copy.qcow2" 32M
copy_ok "$tmp/disk" --destination-format=qcow2 "$tmp/copy.qcow2"
qemu-img map --output=json "$tmp/copy.qcow2" > "$tmp/clusters"
! grep '"present": true' "$tmp/clusters" || fail "clusters were allocated"
