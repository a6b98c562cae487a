#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy of one shard never changes the other shards: not if it zeroes,
# allocates, or fails.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

# Checks that the copy is all ones, except for [4 MiB, 8 MiB), which is as in
# FILE.
expect_only_the_second ()
{
  cp "$tmp/ones" "$tmp/want"
  dd if="$1" of="$tmp/want" bs=1M skip=4 seek=4 count=4 conv=notrunc status=none
  expect_identical "$tmp/want" "$tmp/copy"
}

make_ones "$tmp/ones" 12M
make_data "$tmp/data" 12M
truncate -s 12M "$tmp/hole"
for disk in data hole; do
  for option in '' --allocated --no-extents --sparse=0 --bwlimit=100M; do
    cp "$tmp/ones" "$tmp/copy"
    copy_ok --shard=2/3 ${option:+"$option"} "$tmp/$disk" "$tmp/copy"
    expect_only_the_second "$tmp/$disk"

    serve_nbdkit "$disk" file "$tmp/copy"
    cp "$tmp/ones" "$tmp/copy"
    copy_ok --shard=2/3 ${option:+"$option"} "$tmp/$disk" "${!disk}"
    expect_only_the_second "$tmp/$disk"
    stop_server "$disk"
  done
done

# A copy that fails does not remove the file, which other shards may use by now.
rm "$tmp/copy"
serve_faulty src --mode=read-error --after=1 "$tmp/data"
copy_fails 1 'read failed' --retry-wait=0.01 --shard=1/3 "$src" "$tmp/copy"
expect_fired src
[ "$(stat -c %s "$tmp/copy")" -eq 12582912 ] || fail "the file is gone"
