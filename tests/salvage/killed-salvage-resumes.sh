#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A salvage that is killed in the middle of the search resumes from its map:
# finished ranges are not read again, and the result is that of a whole run.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file

# Nearly all data that can be read is between the bad places, so that a slow
# search, of several times the map's interval, begins soon.
make_data "$tmp/disk" 1M
punch_hole () { fallocate -p -o "$1" -l "$2" "$tmp/disk"; }
punch_hole 65536 458752 &&
  punch_hole 933888 114688 || skip "no holes can be punched here"
make_ones "$tmp/ones" 1M
cp "$tmp/ones" "$tmp/copy"
for ((i = 0; i < 100; i++)); do
  echo "$((524288 + i * 4096)) 512"
done > "$tmp/bad"
salvage=(--salvage --retries=0 --map="$tmp/map" --map-interval=1)
serve_bad src
serve_nbdkit dst file "$tmp/copy"

# Most of the disk is finished, and a few bad places are known: the rate limit
# makes the search last.
start_copy "${salvage[@]}" --bwlimit=64k "$src" "$dst"
has_bad_places () { [ -s "$tmp/map" ] && [ -n "$(blocks_of_map "$tmp/map" -)" ]; }
wait_until has_bad_places
kill -KILL "$copy_pid"
wait_copy
[ $code -eq 137 ] || fail "exit status $code"
found=$(blocks_of_map "$tmp/map" - | wc -l)
[ "$found" -lt 100 ] || fail "the copy was killed too late"
blocks_of_map "$tmp/map" + > "$tmp/finished"
[ -s "$tmp/finished" ] || fail "nothing was finished"
stop_server src

serve_bad src
copy_fails 1 '51200 of 1048576 bytes cannot be read, in 100 places' \
           "${salvage[@]}" "$src" "$dst"
expect_bad_in_map "$tmp/map"
expect_salvaged "$tmp/copy" "$tmp/ones"
sed -n 's/^read //p' "$tmp/src.reads" |
  awk 'NR == FNR { at[n++] = $1; to[n - 1] = $1 + $2; next }
       { for (i = 0; i < n; i++) if ($1 < to[i] && $1 + $2 > at[i]) print }' \
      "$tmp/finished" - > "$tmp/again"
[ ! -s "$tmp/again" ] || fail "finished ranges were read again"
