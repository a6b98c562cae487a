#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --shard: three copies at the same time, each of its own part, to one server,
# or to one file that they make, extend, or truncate.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

# Copies all parts at the same time: all_shards N ARGS...
all_shards ()
{
  local n=$1 i pids=()
  shift
  for ((i = 1; i <= n; i++)); do
    STRIPECOPY_TEST_COPY=$tmp TMPDIR=$tmp/private timeout -k 5 "$limit" \
      "${wrapper[@]}" "$stripecopy" -v --shard="$i/$n" "$@" \
      < /dev/null > "$output" 2> "$tmp/shard-$i.log" &
    pids+=($!)
  done
  for ((i = 0; i < n; i++)); do
    wait "${pids[i]}" || fail "shard $((i + 1))/$n failed: $*"
  done
  expect_no_leftovers
}

make_disks 32
serve_logged src -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"
all_shards 3 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
stop_server dst
[ "$(request_bytes dst Write)" -le 4300000 ] ||
  fail "some bytes were written twice"
grep -q 'plan: size=33554432 .* shard=2/3 offset=10485760 length=11534336$' \
     "$tmp/shard-2.log" || fail "the plan does not name the part"
grep -q 'copied 11.0 MiB' "$tmp/shard-2.log" ||
  fail "the summary is not about the part"

# A missing file, one that is too short, and one that is too long, full of data
# that must not stay.
for size in none 1000000 50M; do
  rm -f "$tmp/copy"
  [ $size = none ] || make_ones "$tmp/copy" $size
  all_shards 3 "$src" "$tmp/copy"
  expect_identical "$tmp/disk" "$tmp/copy"
done
[ "$(stat -c %b "$tmp/copy")" -le $((33554432 / 512 / 2)) ] ||
  fail "the copy has no holes"

# Unaligned sizes, and empty parts.
make_sizes 0 1 1048575 1048577 2621441 10000001
for size in 0 1 1048575 1048577 2621441 10000001; do
  all_shards 4 "$tmp/from/$size" "$tmp/to/$size"
  expect_identical "$tmp/from/$size" "$tmp/to/$size"
done

# One after the other: the file is complete only after the last one.
rm "$tmp/copy"
for i in 2 3 1; do
  ! cmp -s "$tmp/disk" "$tmp/copy" || fail "it is complete before shard $i"
  copy_ok --shard=$i/3 --allocated "$tmp/disk" "$tmp/copy"
done
expect_identical "$tmp/disk" "$tmp/copy"
