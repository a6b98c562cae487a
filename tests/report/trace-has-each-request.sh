#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --trace writes JSON with each request that a server got, once, and changes
# nothing about the copy.

. "$(dirname "$0")/../lib/test.sh"
requires python3
requires_plugin file

read_trace ()
{
  python3 "$srcdir/lib/read-trace.py" "$tmp/trace" > "$tmp/seen" ||
    fail "not a good trace"
}

# Print, and check, the number of events of a kind and name.
seen () { awk -v ph="$1" -v n="$2" '$1 == ph && $2 == n { print $3 }' \
            "$tmp/seen"; }
expect_seen ()
{
  local n
  n=$(seen "$1" "$2")
  test "${n:-0}" "$3" "$4" || fail "${n:-0} events $1 $2, not $3 $4"
}

# The second half of the disk is a hole, so its worker soon steals data from the
# other one, whose reads are not answered before.
make_data "$tmp/disk" 8M
truncate -s 16M "$tmp/disk"
make_ones "$tmp/copy" 16M
hold_reads_at "$tmp/disk" "$tmp/gate"
open_gate_when "$tmp/gate" are_busy src Read 2
serve_logged src -r "${held[@]}" can_extents='exit 0' \
             extents='echo 0 8M; echo 8M 8M hole,zero'
serve_logged dst file "$tmp/copy"
copy_ok --trace="$tmp/trace" -T 2 --request-size=256K --requests=4 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
read_trace
expect_seen b read -eq "$(requests src Read)"
expect_seen b write -eq "$(requests dst Write)"
expect_seen b zero -eq "$(requests dst Zero)"
expect_seen b source-extents -eq "$(requests src Extents)"
expect_seen b destination-extents -eq "$(requests dst Extents)"
expect_seen b flush -eq "$(requests dst Flush)"
for kind in 'b read' 'b zero' 'i stripe' 'i steal' 'C window' \
            'X window-full' 'X waiting-for-extents' 'X waiting-for-others'; do
  # shellcheck disable=SC2086
  expect_seen $kind -gt 0
done
expect_seen b unanswered -eq 0
grep -qx 'rows 3' "$tmp/seen" ||
  fail "there is not a row for each worker and one more"
grep -qx 'overwritten 0' "$tmp/seen" || fail "records were overwritten"

# The picture of it has each read.
python3 "$srcdir/bench/plot-trace.py" "$tmp/trace" "$tmp/picture.svg" ||
  fail "the trace cannot be drawn"
[ "$(grep -c '<title>read,' "$tmp/picture.svg")" -eq "$(seen b read)" ] ||
  fail "the picture does not have each read"

# Ranges that are zero on both sides are skipped.
truncate -s 0 "$tmp/copy" && truncate -s 16M "$tmp/copy"
copy_ok --trace="$tmp/trace" "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
read_trace
expect_seen i skip -gt 0
expect_seen b zero -eq 0

# Lost and failed requests are retried.
serve_faulty lossy --mode=read-cut --after=4 --times=1 "$tmp/disk"
copy_ok --trace="$tmp/trace" --request-size=256K --retry-wait=0.01 \
        "$lossy" "$dst"
expect_fired lossy
read_trace
expect_seen i source-lost -eq 1
expect_seen i source-back -eq 1
expect_seen X waiting-for-a-connection -gt 0
expect_seen b backing-off -gt 0
expect_seen b unanswered -eq 0

serve_faulty failing --mode=read-error --after=4 --times=1 "$tmp/disk"
copy_ok --trace="$tmp/trace" --request-size=256K --retry-wait=0.01 \
        "$failing" "$dst"
expect_fired failing
read_trace
expect_seen b errno -eq 1
expect_seen b backing-off -eq 1

copy_ok --trace="$tmp/trace" --bwlimit=20M "$tmp/disk" null:
read_trace
expect_seen X waiting-for-the-limit -gt 0

copy_ok --trace="$tmp/trace" --verify "$src" "$dst"
read_trace
expect_seen i copy -gt 0
expect_seen i compare -gt 0

# More events than fit: the newest are kept, and the others are counted.
copy_ok --trace="$tmp/trace" -T 1 --no-extents --request-size=4K -S 0 \
        [ nbdkit pattern 272M ] null:
kept=$(sed -n '1s/.*"records":\([0-9]*\).*/\1/p' "$tmp/trace")
lost=$(sed -n '1s/.*"overwritten":\([0-9]*\).*/\1/p' "$tmp/trace")
[ "$lost" -gt 0 ] || fail "nothing was overwritten"
[ $((kept + lost)) -ge $((2 * 272 * 256)) ] || fail "some events are missing"
[ "$(grep -c '^{"ph":"b"' "$tmp/trace")" = \
  "$(grep -c '^{"ph":"e"' "$tmp/trace")" ] || fail "some events have no end"
[ "$(stat -c %s "$tmp/trace")" -lt 60000000 ] || fail "the file is large"
