#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# 64 TiB of holes with a little data are copied with the memory that the data
# needs, and without reading the holes, which would take forever.

. "$(dirname "$0")/../lib/test.sh"
requires_bare_binary "memory cannot be measured"

truncate -s 64T "$tmp/disk" 2> "$errors" ||
  truncate -s 15T "$tmp/disk" 2> "$errors" ||
    skip "the file system allows no huge files"
size=$(stat -c %s "$tmp/disk")
places="0 $((size / 2)) $((size / 3)) $((size - 1048576))"
for offset in $places; do
  put_data "$tmp/disk" "$offset" 1048576
done
[ "$(du -k "$tmp/disk" | cut -f 1)" -ge 4096 ] ||
  fail "there is too little data"

ulimit -v $((512 * 1024))
copy_ok "$tmp/disk" null:
copy_ok "$tmp/disk" "$tmp/copy"
[ "$(stat -c %s "$tmp/copy")" -eq "$size" ] || fail "not of the same size"
[ "$(du -k "$tmp/copy" | cut -f 1)" -le 16384 ] || fail "holes were filled"
for offset in $places; do
  cmp -n 1048576 -i "$offset" "$tmp/disk" "$tmp/copy" ||
    fail "they differ at $offset"
done
