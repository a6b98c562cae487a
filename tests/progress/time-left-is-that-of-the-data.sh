#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# On a thin disk nearly all bytes are done at once.  The remaining time is
# estimated from the remaining data.  Data and zeroes are counted separately.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file
requires_filter delay noextents

truncate -s 1G "$tmp/disk"
put_data "$tmp/disk" 524288000 4194304
serve_nbdkit src --filter=delay -r file "$tmp/disk" delay-read=150ms
slowly=(-T 1 -R 1 --request-size=512k --interval=0.1)

copy_ok --events="$tmp/events" "${slowly[@]}" "$src" "$tmp/new"
expect_identical "$tmp/disk" "$tmp/new"
expect_events "of ('plan')[0]['found']['data'] == 4 << 20" \
  "all (x['data_left'] <= 4 << 20 for x in of ('progress'))" \
  "any (0 < x['data_left'] < 4 << 20 and x['eta'] >= 1
        for x in of ('progress'))" \
  "[x['data_left'] for x in of ('progress')] ==
   sorted ((x['data_left'] for x in of ('progress')), reverse=True)" \
  "of ('progress')[-1]['data'] == 4 << 20" \
  "of ('progress')[-1]['skipped'] == 1020 << 20"

# A source without extents counts as data.
truncate -s 8M "$tmp/small"
serve_nbdkit mute --filter=noextents --filter=delay -r file "$tmp/small" \
             delay-read=50ms
rm "$tmp/events"
copy_ok --events="$tmp/events" "${slowly[@]}" "$mute" "$tmp/new"
expect_events "of ('plan')[0]['found']['data'] == 8 << 20"

# The amounts of a stream are unknown, which is null.
rm "$tmp/events"
mkfifo "$tmp/stream"
start_copy --events="$tmp/events" "$tmp/stream" "$tmp/new"
exec {stream}> "$tmp/stream"
wait_until grep -q '"ev":"progress"' "$tmp/events"
cat "$tmp/small" >&"$stream"
exec {stream}>&-
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_events "of ('progress')[0]['total'] is None" \
  "of ('progress')[0]['percent'] is None" \
  "of ('progress')[0]['data_left'] is None" \
  "of ('progress')[0]['eta'] is None" \
  "of ('progress')[-1]['total'] == 8 << 20"
