#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With --salvage, everything around places that cannot be read is copied, to the
# sector; the map, the report and the events name these places, and the exit
# status is 1.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file
requires_schemas

make_data "$tmp/disk" 8M
make_ones "$tmp/ones" 8M
salvage=(--salvage --retries=1 --retry-wait=0.01)

# The first and the last sector, one alone, two neighbours, and one in each of
# many requests.
bad_places '0 512' '1000448 512' '2097152 1024' '4194304 512' '4195328 512' \
           '4198400 4096' '8388096 512'
for workers in 1 4; do
  cp "$tmp/ones" "$tmp/copy"
  serve_bad src
  serve_nbdkit dst file "$tmp/copy"
  rm -f "$tmp/events"
  run_copy "${salvage[@]}" -C $workers -T $workers --map="$tmp/map$workers" \
           --report="$tmp/report" --events="$tmp/events" "$src" "$dst"
  [ $code -eq 1 ] || fail "exit status $code"
  expect_fired src
  expect_salvaged "$tmp/copy" "$tmp/ones"
  expect_bad_in_map "$tmp/map$workers"
  expect_error '^stripecopy: source .*: 7680 of 8388608 bytes cannot be read, in 7 places; the rest is copied, and these bytes are left as they were at the destination: run the same command again to try only these$'
  expect_report 'r["exit"] == 1' 'r["status"] == "failed"' \
                'r["error"]["side"] == "source"' \
                'r["error"]["op"] == "read"' 'r["error"]["offset"] == 0' \
                'r["bytes"]["unreadable"] == 7680' \
                'r["bytes"]["data"] == 8388608 - 7680' \
                'r["unreadable"]["bytes"] == 7680' \
                'r["unreadable"]["count"] == 7' \
                'r["unreadable"]["ranges_complete"]' \
                'r["unreadable"]["ranges"][2] == {"offset": 2097152, "length": 1024}' \
                'r["flushed"]'
  expect_events 'of ("unreadable")[-1]["bytes"] == 7680' \
                'all (p["done"] + p["unreadable"] <= p["total"]
                      for p in of ("progress"))' \
                'of ("progress")[-1]["done"] == 8388608 - 7680' \
                'of ("progress")[-1]["percent"] == 100' \
                'of ("end")[0]["exit"] == 1'
  stop_server src
  stop_server dst
done

# Without the option, the copy fails at the first place.
serve_bad src
copy_fails 1 'read failed at offset' --retries=0 "$src" null:
stop_server src

# Blocks of 4 KiB: all reads are of whole blocks.
bad_places '4096 512' '81920 4096'
cp "$tmp/ones" "$tmp/copy"
serve_bad src --block=4096
serve_nbdkit dst file "$tmp/copy"
copy_fails 1 '8192 of 8388608 bytes cannot be read, in 2 places' \
           "${salvage[@]}" "$src" "$dst"
bad_places '4096 4096' '81920 4096'
expect_salvaged "$tmp/copy" "$tmp/ones"
awk '$1 == "read" && ($2 % 4096 || $3 % 4096)' "$tmp/src.reads" > "$tmp/odd"
[ ! -s "$tmp/odd" ] || fail "parts of blocks were read"
