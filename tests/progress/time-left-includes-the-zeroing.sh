#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If zeroing takes most of the time, its rate and the bytes left to zero are
# reported, and the remaining time includes it.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file
requires_filter delay

# Little data, and fifty holes between it, each of which takes a while.
truncate -s 51M "$tmp/disk"
for ((mib = 0; mib < 51; mib++)); do
  put_data "$tmp/disk" $((mib << 20)) 4096
done
make_ones "$tmp/copy" 51M
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst --filter=delay file "$tmp/copy" delay-zero=30ms
copy_ok -T 1 -R 1 --destination-is-zero=no --interval=0.1 \
        --events="$tmp/events" "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_events \
  "any (x['zero_left'] > 0 and x['zero_rate'] > 0 and x['eta'] > 0
        and x['percent'] < 99
        for x in of ('progress') if x['eta'] is not None)" \
  "[x['percent'] for x in of ('progress')] ==
   sorted (x['percent'] for x in of ('progress'))" \
  "of ('progress')[-1]['zero_left'] == 0" \
  "of ('progress')[-1]['eta'] == 0"

# The progress bar shows it, too.
make_ones "$tmp/copy" 51M
copy_ok -p -T 1 -R 1 --destination-is-zero=no --interval=0.1 "$src" "$dst"
expect_error ' [0-9.]+ [KMG]iB/s [^ ]+ [^ ]+ left, zeroing$'
expect_error '100% .* no time left$'
