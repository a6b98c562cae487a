#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The file of digests beside a map is refused where it is missing, damaged, or
# not that of the map.  A block whose digest is damaged is copied again.  In no
# case a wrong digest is printed.

. "$(dirname "$0")/../lib/test.sh"
requires_digests
requires_plugin file

make_data "$tmp/disk" 5M
copy_ok --blkhash "$tmp/disk" null:
want=$(< "$output")
serve_logged src -r file "$tmp/disk"
copy=(--blkhash --map="$tmp/map" "$src" "$tmp/copy")
copy_ok "${copy[@]}"
expect_digest "$want"
cp "$tmp/map.blkhash" "$tmp/saved"
cp "$tmp/map" "$tmp/map-saved"

state () { md5sum "$tmp/map.blkhash" 2> "$tmp/missing" || :; }

# refused PATTERN: with another file, nothing is read, printed or changed.
refused ()
{
  local before
  before=$(state)
  for plan in "" --plan; do
    copy_fails 6 "$1" ${plan:+"$plan"} "${copy[@]}"
    [ ! -s "$output" ] || fail "a digest was printed: $(cat "$output")"
  done
  [ "$(state)" = "$before" ] || fail "the file was changed"
  expect_identical "$tmp/map-saved" "$tmp/map"
  cp "$tmp/saved" "$tmp/map.blkhash"
}

rm "$tmp/map.blkhash"
refused '^stripecopy: .*map\.blkhash: the digests that belong to the map are missing'
truncate -s 5000 "$tmp/map.blkhash"
refused 'map\.blkhash: the file is damaged: its size is wrong$'
printf x | dd of="$tmp/map.blkhash" bs=1 seek=60 conv=notrunc status=none
refused 'map\.blkhash: these are not the digests that belong to the map'
echo mine > "$tmp/map.blkhash"
refused 'map\.blkhash: this program did not write this file'
copy_ok --blkhash --map="$tmp/other" "$tmp/disk" "$tmp/copy2"
cp "$tmp/other.blkhash" "$tmp/map.blkhash"
refused 'map\.blkhash: these are not the digests that belong to the map'

# Another digest, another size of blocks, and none: not this copy.
for other in md5/64K sha256/32K ""; do
  copy_fails 6 'map is for a different copy: blkhash: sha256/65536 in the map' \
             ${other:+--blkhash="$other"} "${copy[@]:1}"
done
copy_ok --map="$tmp/without" "$tmp/disk" "$tmp/copy3"
copy_fails 6 'blkhash: none in the map, sha256/65536 now$' \
           --blkhash --map="$tmp/without" "$tmp/disk" "$tmp/copy3"
expect_requests src Read -gt 0
reads=$(requests src Read)

# A flipped byte of a digest, of a check, and digests that were never written:
# the same command copies these blocks again, and nothing else.
for at in 8200 4100 4096; do
  printf '\377\377\377\377\377' |
    dd of="$tmp/map.blkhash" bs=1 seek=$at conv=notrunc status=none
  copy_ok --plan "${copy[@]}"
  [ ! -s "$output" ] || fail "a digest was printed: $(cat "$output")"
  expect_error 'have no valid digest'
  copy_fails 3 'map\.blkhash: [0-9]+ bytes of the disk have no valid digest' \
             "${copy[@]}"
  [ ! -s "$output" ] || fail "a digest was printed: $(cat "$output")"
  expect_requests src Read -eq "$reads"
  copy_ok "${copy[@]}"
  expect_digest "$want"
  expect_requests src Read -gt "$reads"
  [ "$(request_bytes src Read)" -le $((5242880 + 6 * 65536)) ] ||
    fail "too much was read again: $(request_bytes src Read)"
  reads=$(requests src Read)
done

# A block that is finished only in part is copied again as a whole.
sed -i '$s/.*/0x0 0x11000 +\n0x11000 0x1000 ?\n0x12000 0x4EE000 +/' "$tmp/map"
before=$(request_bytes src Read)
copy_ok "${copy[@]}"
expect_digest "$want"
[ "$(request_bytes src Read)" -eq $((before + 65536)) ] ||
  fail "$(($(request_bytes src Read) - before)) bytes were read again"

# A file of somebody else is never overwritten; one of ours is.
rm "$tmp/map"
echo mine > "$tmp/map.blkhash"
copy_fails 2 'map\.blkhash: .*refusing to overwrite it$' "${copy[@]}"
[ ! -e "$tmp/map" ] || fail "a map was made"
[ "$(< "$tmp/map.blkhash")" = mine ] || fail "the file was changed"
cp "$tmp/other.blkhash" "$tmp/map.blkhash"
copy_ok "${copy[@]}"
expect_digest "$want"
for file in "$tmp/disk" "$tmp/copy"; do
  ln "$file" "$tmp/new.blkhash"
  copy_fails 2 'new\.blkhash: is the same file as' --blkhash --map="$tmp/new" \
             "$tmp/disk" "$tmp/copy"
  rm "$tmp/new.blkhash"
done

# A copy that cannot begin leaves neither a map nor digests.
if command -v qemu-img > /dev/null && command -v qemu-nbd > /dev/null; then
  copy_fails 2 'Cluster size' --blkhash --map="$tmp/none" \
             --destination-format=qcow2 --destination-options=cluster_size=3 \
             "$tmp/disk" "$tmp/image"
  [ ! -e "$tmp/none" ] && [ ! -e "$tmp/none.blkhash" ] ||
    fail "files were left: $(echo "$tmp"/none*)"
fi

# With --resume=never, all begins afresh.
copy_ok --resume=never "${copy[@]}"
expect_digest "$want"
copy_ok --verify "${copy[@]}"
expect_digest "$want"
copy_ok --blkhash-file="$tmp/sum" "${copy[@]}"
[ "$(cat "$tmp/sum")" = "$want" ] || fail "the file has: $(cat "$tmp/sum")"
