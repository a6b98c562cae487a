#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The copy of a disk of which nothing can be read, or with very many bad
# sectors, ends with all readable data: with few requests for each block, few
# events, and retries of whole requests only.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file
requires_schemas

make_data "$tmp/disk" 1M
make_ones "$tmp/ones" 1M
cp "$tmp/ones" "$tmp/copy"
serve_nbdkit dst file "$tmp/copy"
salvage=(--salvage --map="$tmp/map" --resume=never --events="$tmp/events"
         --retries=1 --retry-wait=0.01)

# Nothing can be read: 2048 blocks, each of them tried.
bad_places '0 1048576'
rm -f "$tmp/events"
serve_bad src
copy_fails 1 '1048576 of 1048576 bytes cannot be read, in 1 place;' \
           "${salvage[@]}" "$src" "$dst"
expect_identical "$tmp/ones" "$tmp/copy"
expect_bad_in_map "$tmp/map"
reads=$(grep -c ^read "$tmp/src.reads")
[ "$reads" -ge 2048 ] && [ "$reads" -lt 2500 ] || fail "there were $reads reads"
expect_events 'len (of ("retry")) <= 32' 'len (of ("unreadable")) < 20' \
              'len (of ("warning")) < 20' \
              'of ("unreadable")[-1]["ranges"] == [{"offset": 0, "length": 1048576}]'
stop_server src

# Each other sector.
for ((i = 0; i < 1024; i++)); do
  echo "$((i * 1024)) 512"
done > "$tmp/bad"
rm -f "$tmp/events"
serve_bad src
copy_fails 1 '524288 of 1048576 bytes cannot be read, in 1024 places;' \
           "${salvage[@]}" "$src" "$dst"
expect_salvaged "$tmp/copy" "$tmp/ones"
expect_bad_in_map "$tmp/map"
expect_events 'len (of ("unreadable")) < 20' \
              'len (of ("unreadable")[-1]["ranges"]) == 10' \
              'not of ("unreadable")[-1]["ranges_complete"]'
[ "$(wc -l < "$errors")" -lt 30 ] || fail "standard error is flooded"
stop_server src

# One request at a time.
bad_places '524288 65536'
cp "$tmp/ones" "$tmp/copy"
rm -f "$tmp/events"
serve_bad src
copy_fails 1 '65536 of 1048576 bytes cannot be read' \
           "${salvage[@]}" --synchronous "$src" "$dst"
expect_salvaged "$tmp/copy" "$tmp/ones"
