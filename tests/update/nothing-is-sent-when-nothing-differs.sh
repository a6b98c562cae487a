#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where both sides are the same, an update sends no write, no zeroes and no
# flush, does not touch a file, and reports "unchanged".  --flush and --map flush
# all the same.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_schemas

make_islands "$tmp/disk" 16
cp "$tmp/disk" "$tmp/copy"

# expect_unchanged FLUSHED
expect_unchanged ()
{
  expect_report 'r["status"] == "unchanged" and not r["changed"]' \
                'r["exit"] == 0 and not r["warnings"]' \
                'r["bytes"]["same"] == r["bytes"]["total"] == 16 << 20' \
                'r["bytes"]["data"] == r["bytes"]["zero"] == 0' \
                'r["requests"]["write"] == r["requests"]["zero"] == 0' \
                "r['flushed'] is $1" 'r["plan"]["update"]'
}

for way in "" "--no-extents" "--synchronous" "-C 1" "--allocated" "-S 0" \
           "--verify" "--flush"; do
  read -r -a words <<< "$way"
  serve_logged src -r file "$tmp/disk"
  serve_logged dst file "$tmp/copy"
  copy_ok --update -p "${words[@]}" --report="$tmp/report" \
          --events="$tmp/events" "$src" "$dst"
  stop_server src
  stop_server dst
  for kind in Write Zero Trim; do
    expect_requests dst $kind -eq 0
  done
  if [ "$way" = --flush ]; then
    expect_requests dst Flush -ge 1
    expect_unchanged True
  else
    expect_requests dst Flush -eq 0
    expect_unchanged False
  fi
  expect_error 'updated 16\.0 MiB .*: unchanged: 0 B data, .* 16\.0 MiB the same'
  expect_events 'e[-1]["status"] == "unchanged"' \
                'of ("progress")[-1]["same"] == 16 << 20' \
                'of ("progress")[-1]["done"] == 16 << 20'
  rm "$tmp/events"
done

# With a map, its ranges have to be stored.
serve_logged dst file "$tmp/copy"
copy_ok --update --map="$tmp/map" --report="$tmp/report" "$tmp/disk" "$dst"
stop_server dst
expect_requests dst Write -eq 0
expect_requests dst Flush -ge 1
expect_unchanged True
[ "$(finished_bytes "$tmp/map")" = $((16 << 20)) ] || fail "the map is incomplete"

# A file is not touched.
touch -d 2020-01-01 "$tmp/copy"
copy_ok --update --report="$tmp/report" "$tmp/disk" "$tmp/copy"
expect_unchanged False
[ "$(stat -c %Y "$tmp/copy")" = "$(date -d 2020-01-01 +%s)" ] ||
  fail "the file was touched"

# One byte is enough.
printf x | dd of="$tmp/copy" bs=1 seek=5000000 conv=notrunc status=none
serve_logged dst file "$tmp/copy"
copy_ok --update -p -T 2 --report="$tmp/report" "$tmp/disk" "$dst"
stop_server dst
expect_requests dst Flush -ge 1
expect_report 'r["status"] == "ok" and r["changed"] and r["flushed"]' \
              'r["bytes"]["data"] + r["bytes"]["zero"] == 4096'
expect_error 'updated 16\.0 MiB in .* 16\.0 MiB the same$'
expect_no_error unchanged
expect_identical "$tmp/disk" "$tmp/copy"
