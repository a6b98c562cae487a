#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --plan finds out everything that a copy would do, and changes nothing: it does
# not even make a file.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file
requires_plugin memory
requires_plugin data

truncate -s 64M "$tmp/disk"
put_data "$tmp/disk" 8388608 4194304
expect_planned ()
{
  expect_report "r['status'] == 'planned' and r['exit'] == 0" \
                "not r['flushed'] and r['requests']['read'] == 0" "$@"
}

# To a missing file, which would read as zeroes already.
copy_ok --plan --report="$tmp/report" "$tmp/disk" "$tmp/new"
[ ! -e "$tmp/new" ] || fail "a file was made"
expect_planned "r['changed']" "r['bytes']['data'] == 4 << 20" \
               "r['bytes']['skipped'] == 60 << 20" "r['bytes']['zero'] == 0" \
               "r['plan']['found']['estimate'][0]['rate'] == 100 << 20" \
               "r['plan']['found']['estimate'][0]['seconds'] == 0.04"
expect_error '^stripecopy: found: 4.0 MiB data, 0 B to be zeroed, 60.0 MiB already zero, 0 B unknown$'
expect_error '^stripecopy: time: at least 0.0 s at 100 MiB/s, 0.0 s at 1 GiB/s$'
copy_ok "$tmp/disk" "$tmp/new"

# To a server: its zeroes are left alone, and the rest would be zeroed.
serve_logged src -r file "$tmp/disk"
serve_logged dst data '( 0xff )*8388608 @33554432 ( 0xff )*8388608' size=64M
copy_ok --plan --report="$tmp/report" "$src" "$dst"
expect_planned "r['bytes']['data'] == 4 << 20" \
               "r['bytes']['zero'] == 16 << 20" \
               "r['bytes']['skipped'] == 44 << 20" \
               "r['source']['can_extents'] and r['source']['can_multi_conn']"
for kind in Write Zero Trim Flush; do
  expect_requests dst $kind -eq 0
done
expect_requests src Read -eq 0

# The copy does what the plan said.
copy_ok --report="$tmp/report" "$src" "$dst"
expect_report "r['bytes']['data'] == 4 << 20" \
              "r['bytes']['zero'] == 16 << 20" \
              "r['bytes']['skipped'] == 44 << 20"

# Ranges that an earlier run has copied are not left to do.
copy_ok --map="$tmp/map" "$src" "$dst"
copy_ok --plan --map="$tmp/map" --report="$tmp/report" "$src" "$dst"
expect_planned "not r['changed']" "r['bytes']['resumed'] == 64 << 20" \
               "r['warnings'] == []"

# Nothing would change if everything is zero already.
copy_ok --plan --report="$tmp/report" \
        [ nbdkit memory 64M ] [ nbdkit memory 64M ]
expect_planned "not r['changed']" "r['warnings'][0]['code'] == 'source-no-data'"

# Without extents everything is data; nothing is known about a stream.
copy_ok --plan --no-extents --report="$tmp/report" "$src" "$dst"
expect_planned "r['bytes']['data'] == 64 << 20"
stream_ok --plan --report="$tmp/report" - "$tmp/other" < "$tmp/disk"
expect_planned "r['bytes']['total'] is None" "r['plan']['found'] is None"
[ ! -e "$tmp/other" ] || fail "a file was made"
expect_error 'found: unknown \(source is a stream\)'

# Amounts are unknown if the extents cannot be read in time.
requires_plugin null
plan_briefly --report="$tmp/report" [ nbdkit null 4E ] null:
expect_planned "r['bytes']['skipped'] + r['bytes']['zero'] +
                r['bytes']['data'] + r['plan']['found']['unknown'] == 4 << 60" \
               "r['plan']['found']['unknown'] > 0"
