#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each shard has a map of its own.  It is complete when the shard is, a second
# run then reads nothing, and it is refused for other shards.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks 32
rm "$tmp/copy"
serve_logged src -r file "$tmp/disk"
for i in 1 2 3; do
  copy_ok --shard=$i/3 --map="$tmp/map$i" "$src" "$tmp/copy"
done
expect_identical "$tmp/disk" "$tmp/copy"

reads=$(requests src Read)
for i in 1 2 3; do
  copy_ok --shard=$i/3 --map="$tmp/map$i" "$src" "$tmp/copy"
  copy_fails 6 'map is for a different copy: options: .*shard=' \
             --shard=$((i % 3 + 1))/3 --map="$tmp/map$i" "$src" "$tmp/copy"
done
copy_fails 6 'map is for a different copy: options: .*shard=1/3' \
           --map="$tmp/map1" "$src" "$tmp/copy"
expect_requests src Read -eq "$reads"

# Only the missing range of a shard is copied again.
rm "$tmp/map2"
copy_ok --shard=2/3 --map="$tmp/map2" "$src" "$tmp/copy"
copy_ok --shard=3/3 --map="$tmp/map3" "$src" "$tmp/copy"
expect_requests src Read -gt "$reads"
expect_identical "$tmp/disk" "$tmp/copy"
