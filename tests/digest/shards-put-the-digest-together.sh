#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With --shard, the shard that is complete last prints the digest of the whole
# disk, and so does --plan later.  The others say what is missing.

. "$(dirname "$0")/../lib/test.sh"
requires_digests
requires_filter delay log
requires_plugin file

truncate -s 20000123 "$tmp/disk"
put_data "$tmp/disk" 900000 3000000
put_data "$tmp/disk" 8000000 7000000
put_data "$tmp/disk" 19999000 1123
copy_ok --blkhash=sha1/4K "$tmp/disk" null:
want=$(< "$output")
serve_logged src --filter=delay -r file "$tmp/disk" delay-read=20ms

# shard I N ARGS...: copies a shard.
shard ()
{
  copy_ok --blkhash=sha1/4K --map="$tmp/%i/map" --shard="$1/$2" "${@:3}" \
          "$src" "$tmp/copy"
}

expect_nothing ()
{
  [ ! -s "$output" ] || fail "something was printed: $(cat "$output")"
  expect_error "$1"
}

begin ()
{
  rm -rf "$tmp"/[0-9]* "$tmp/copy"
  mkdir "$tmp"/{1..25}
}

# One after the other, in any order, and more shards than there is to copy.
begin
shard 3 3
expect_nothing '--blkhash: no digest yet: shard 1/3: --map=.*1/map: No such file'
shard 1 3 --blkhash-file="$tmp/sum"
expect_nothing '--blkhash: no digest yet: shard 2/3: '
[ ! -e "$tmp/sum" ] || fail "a file of the digest was made"
shard 2 3 --blkhash-file="$tmp/sum"
[ "$(cat "$tmp/sum")" = "$want" ] || fail "the digest is: $(cat "$tmp/sum")"
expect_identical "$tmp/disk" "$tmp/copy"
reads=$(requests src Read)
for i in 1 2 3; do
  shard $i 3
  expect_digest "$want"
  shard $i 3 --plan --blkhash-file="$tmp/none"
  expect_digest "$want"
done
[ ! -e "$tmp/none" ] || fail "a file was made with --plan"
expect_requests src Read -eq "$reads"

# A shard whose map or digests are missing, damaged, or of another copy.
mv "$tmp/2/map" "$tmp/2/old"
shard 1 3 --plan
expect_nothing 'no digest yet: shard 2/3: --map=.*2/map: No such file'
mv "$tmp/2/old" "$tmp/2/map"
cp "$tmp/2/map.blkhash" "$tmp/2/old"
rm "$tmp/2/map.blkhash"
shard 3 3
expect_nothing '--blkhash: no digest: shard 2/3: .*2/map.blkhash: .* are missing'
cp "$tmp/3/map.blkhash" "$tmp/2/map.blkhash"
shard 3 3
expect_nothing 'no digest: shard 2/3: .*2/map.blkhash: these are not the digests'
cp "$tmp/2/old" "$tmp/2/map.blkhash"
printf 'x' | dd of="$tmp/2/map.blkhash" bs=1 seek=4099 conv=notrunc status=none
shard 3 3
expect_nothing 'shard 2/3: .*2/map.blkhash: blocks have no valid digest: run this'
copy_fails 3 '2/map.blkhash: 4096 bytes of the disk have no valid digest' \
           --blkhash=sha1/4K --map="$tmp/%i/map" --shard=2/3 "$src" "$tmp/copy"
shard 3 3 --plan
expect_nothing 'no digest yet: shard 2/3: --map=.*2/map: the copy is not complete'
shard 2 3
expect_digest "$want"

# Without digests, the other shards cannot have one either.
rm "$tmp"/2/map*
copy_ok --map="$tmp/%i/map" --shard=2/3 "$src" "$tmp/copy"
shard 1 3
expect_nothing 'no digest: shard 2/3: .* blkhash: none in the map, sha1/4096 now'

# Of several that end at about the same time, at least one has the digest.
for n in 2 5 25; do
  begin
  for ((i = 1; i <= n; i++)); do
    "$stripecopy" --blkhash=sha1/4K --map="$tmp/%i/map" --shard=$i/$n "$src" \
                  "$tmp/copy" > "$tmp/$i/out" 2> "$tmp/$i/err" &
    pids[i]=$!
  done
  for ((i = 1; i <= n; i++)); do
    wait "${pids[i]}" || fail "shard $i/$n: $(cat "$tmp/$i/err")"
  done
  [ "$(cat "$tmp"/*/out | sort -u)" = "$want" ] ||
    fail "of $n shards: $(tail -n 2 "$tmp"/*/out "$tmp"/*/err)"
  expect_identical "$tmp/disk" "$tmp/copy"
done

# A shard that was killed and resumed.  At this rate it would take many minutes.
has_finished () { [ "$(finished_bytes "$tmp/2/map")" -gt 0 ]; }
begin
shard 1 2
start_copy --blkhash=sha1/4K --map="$tmp/%i/map" --map-interval=0.1 -R 1 \
           -C 1 --request-size=4K --bwlimit=4K --shard=2/2 "$src" "$tmp/copy"
wait_until test -s "$tmp/2/map"
wait_until has_finished
kill -KILL "$copy_pid" || fail "the copy has ended"
wait_copy 2> "$tmp/wait"
shard 1 2
expect_nothing 'no digest yet: shard 2/2: --map=.*2/map: the copy is not complete'
shard 2 2
expect_digest "$want"
expect_identical "$tmp/disk" "$tmp/copy"
