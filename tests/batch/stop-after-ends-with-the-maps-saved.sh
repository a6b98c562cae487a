#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --stop-after: a copy, or a manifest, ends at that time with its maps saved, and
# the same command resumes.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file

make_data "$tmp/disk" 4M
make_ones "$tmp/copy" 4M
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
slow=(--bwlimit="@$tmp/rate" --request-size=64K --map="$tmp/map")

# One copy, again and again until something is stored: at this rate, it takes
# a minute to copy all.  On a slow machine, the first time may be over before
# there is a map.
echo 64K > "$tmp/rate"
stored=0
for time in 0.02m 0.1m 0.5m; do
  copy_fails 3 '^stripecopy: stopped: the time of --stop-after is over$' \
             "${slow[@]}" --stop-after=$time --report="$tmp/report" \
             --events="$tmp/events" --status-file="$tmp/status" "$src" "$dst"
  expect_report "r['status'] == 'stopped' and r['exit'] == 3" \
                "r['again'] == 'retry'"
  expect_events "e[-1]['ev'] == 'end' and e[-1]['status'] == 'stopped'"
  grep -q '"stopped"' "$tmp/status" || fail "the status file does not say it"
  [ ! -s "$tmp/map" ] || stored=$(finished_bytes "$tmp/map")
  [ "$stored" -eq 0 ] || break
done
[ "$stored" -gt 0 ] || fail "nothing was stored in half a minute"
echo none > "$tmp/rate"
copy_ok "${slow[@]}" --stop-after=24h --report="$tmp/report" "$src" "$dst"
expect_report "r['bytes']['resumed'] == $stored"
expect_identical "$tmp/disk" "$tmp/copy"

# A manifest: the first copy is stopped, and no other one begins.
for i in 1 2 3; do
  [ $i -eq 1 ] && echo '[' || echo ,
  echo "{ \"source\": \"$src\", \"destination\": \"$tmp/copy$i\"," \
       "\"map\": \"$tmp/map$i\", \"request-size\": \"64K\"," \
       "\"bwlimit\": \"@$tmp/rate\" }"
done > "$tmp/manifest"
echo ']' >> "$tmp/manifest"
echo 1K > "$tmp/rate"
copy_fails 3 '^stripecopy: stopped: the time of --stop-after is over$' \
           --manifest="$tmp/manifest" --stop-after=1s --report="$tmp/report" \
           --attempts=3 --attempt-wait=0.1 --status-file="$tmp/status"
expect_error '^stripecopy: 0 of 3 disks are done$'
expect_json manifest-report "$tmp/report" \
  "r['status'] == 'stopped' and r['exit'] == 3" \
  "r['disks'][0]['status'] in ('stopped', 'incomplete')" \
  "[ d['exit'] for d in r['disks'][1:] ] == [ None, None ]"
expect_json events "$tmp/status" "e[0]['disks']['not_started'] == 2" \
  "e[0]['disks']['waiting'] == 0 and e[0]['disks']['failed'] == 1"
echo none > "$tmp/rate"
copy_ok --manifest="$tmp/manifest" --stop-after=604800 --report="$tmp/report"
expect_json manifest-report "$tmp/report" "r['status'] == 'ok'"
for i in 1 2 3; do
  expect_identical "$tmp/disk" "$tmp/copy$i"
done

# Without a map, nothing could be resumed.
copy_fails 2 '^stripecopy: --stop-after requires --map$' --stop-after=1h \
           "$src" "$dst"
sed -i '4s/"map": "[^"]*",//' "$tmp/manifest"
copy_fails 2 "/manifest: copy 2: --stop-after requires a 'map'\$" \
           --manifest="$tmp/manifest" --stop-after=1h
for time in 0 -1 1d 604801 999h 99999999999999999999; do
  copy_fails 2 '^stripecopy: --stop-after: ' --stop-after=$time "${slow[@]}" \
             "$src" "$dst"
done
