#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --attempts: copies whose server was down, or was lost, are started again after
# all others, and resume if they have a map.  Other failed copies are not.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file

make_data "$tmp/disk" 1M
make_data "$tmp/large" 16M
make_ones "$tmp/large.copy" 16M
printf '# a map of something else\n' > "$tmp/foreign"
late="nbd+unix:///?socket=$tmp/late.sock"
serve_logged lost -r file "$tmp/large"

# The copy of "lost" would take hours, until it is told to hurry.
echo 32K > "$tmp/rate"
cat > "$tmp/manifest" << END
[ { "disk": "late", "source": "$late", "destination": "$tmp/late.copy" },
  { "disk": "refused", "source": "$tmp/disk", "destination": "$tmp/c",
    "map": "$tmp/foreign" },
  { "disk": "plain", "source": "$tmp/disk", "destination": "$tmp/plain.copy" },
  { "disk": "lost", "source": "$lost", "destination": "$tmp/large.copy",
    "map": "$tmp/map", "retries": 0, "bwlimit": "@$tmp/rate",
    "request-size": "64K" } ]
END

comes_again () { grep -q "disk $1: .*; attempt 2 of 99999 begins" "$errors"; }

start_copy --manifest="$tmp/manifest" --attempts=99999 --attempt-wait=0.1 \
           --events="$tmp/events" --report="$tmp/report"
begun='"ev": *"progress".*"disk": *"lost".*"done": *[1-9]'
wait_until grep -q "$begun" "$tmp/events"
stop_server lost KILL
wait_until comes_again lost
wait_until comes_again late
set_rate none
serve_logged lost -r file "$tmp/large"
serve_nbdkit late -r file "$tmp/disk"
wait_copy
[ $code -eq 2 ] || fail "exit status $code"

expect_identical "$tmp/disk" "$tmp/late.copy"
expect_identical "$tmp/disk" "$tmp/plain.copy"
expect_identical "$tmp/large" "$tmp/large.copy"
expect_json manifest-report "$tmp/report" \
  "[ d['exit'] for d in r['disks'] ] == [ 0, 2, 0, 0 ]" \
  "[ d['attempts'] > 1 for d in r['disks'] ] == [ True, False, False, True ]" \
  "r['disks'][1]['attempts'] == r['disks'][2]['attempts'] == 1" \
  "[ d['again'] for d in r['disks'] ] == [ None ] * 4" \
  "r['disks'][3]['bytes']['resumed'] > 0 and r['disks'][3]['changed']"
expect_error '^stripecopy: disk refused: the copy exited with status 2$'
expect_error '^stripecopy: 3 of 4 disks are done$'

# The second attempt comes after the first one of all others.
expect_events "[ x['disk'] for x in e if x['ev'] == 'start' ][:4] ==
               [ 'late', 'refused', 'plain', 'lost' ]"
