#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination that crashes at a flush, even at the last one, holds the whole
# disk in the end.  If it crashes at every flush, the copy fails.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 32
make_ones "$tmp/copy" 32M
serve_nbdkit src -r file "$tmp/disk"
serve_faulty dst --mode=flush-crash --times=6 "$tmp/copy"
copy_ok -C 3 -T 3 --retry-wait=0.01 --retries=20 "$src" "$dst"
[ "$(wc -l < "$tmp/dst.fired")" -eq 6 ] || fail "not six crashes"
expect_identical "$tmp/disk" "$tmp/copy"
stop_server dst

serve_faulty dst --mode=flush-crash "$tmp/copy"
copy_fails 3 '^stripecopy: destination ' --map="$tmp/map" -C 3 -T 3 \
           --retry-wait=0.01 --retries=3 "$src" "$dst"
[ "$(finished_bytes "$tmp/map")" -eq 0 ] ||
  fail "the map says that data is stored"
