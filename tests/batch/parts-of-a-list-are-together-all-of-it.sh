#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --part: each host runs its part of the list, divided by the sizes in the list
# alone; together the parts have each copy once.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas

make_data "$tmp/disk" 64K
for i in 1 2 3 4 5 6 7; do
  size=
  case $i in
    3) size=', "size": "8T"' ;;
    4|5) size=', "size": "1G"' ;;
  esac
  [ $i -eq 1 ] && echo '[' || echo ','
  echo "{ \"source\": \"$tmp/disk\", \"destination\": \"$tmp/copy$i\" $size }"
done > "$tmp/manifest"
echo ']' >> "$tmp/manifest"

# part NUMBER DISKS: runs one part, which must have these disks.
part ()
{
  copy_ok --manifest="$tmp/manifest" --part="$1" --report="$tmp/report"
  expect_json manifest-report "$tmp/report" \
    "[ d['disk'] for d in r['disks'] ] == [ $2 ]" \
    "[ d['status'] for d in r['disks'] ] == [ 'ok' ] * len ([ $2 ])"
}

# Copies of unknown size count as 2.7 TiB each.
part 1/2 "'3', '7'"
INDEX=1 part @INDEX/2 "'1', '2', '4', '5', '6'"
for i in 1 2 3 4 5 6 7; do
  expect_identical "$tmp/disk" "$tmp/copy$i"
  rm "$tmp/copy$i"
done
part 7/9 "'5'"
part 9/9 ''
expect_error '^stripecopy: 0 of 0 disks are done$'

# Conflicts between parts are refused, too.
sed -i 's/copy7/copy1/' "$tmp/manifest"
copy_fails 2 'same file as destination .*/copy1 of copy 1' \
           --manifest="$tmp/manifest" --part=1/2
copy_fails 2 '^stripecopy: --part: must be I/N' --part=3/2 \
           --manifest="$tmp/manifest"
