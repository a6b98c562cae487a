#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ranges that both sides report as zeroes are not read.  Where only the source
# does, the destination is read, and zeroed where it is not zero.  Where only
# the destination does, the source is read, and written where it is not zero.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

# Four parts of 4 MiB: hole and hole, hole and data, data and hole, data and
# data. The data has zeroes in its second half: in the last part, on the source
# only.
M=$((1 << 20))
truncate -s 16M "$tmp/disk" "$tmp/copy"
put_data "$tmp/disk" $((8 * M)) $((2 * M))
put_data "$tmp/disk" $((12 * M)) $((2 * M))
dd if=/dev/zero of="$tmp/disk" bs=1M seek=10 count=2 conv=notrunc status=none
dd if=/dev/zero of="$tmp/disk" bs=1M seek=14 count=2 conv=notrunc status=none
cp "$tmp/copy" "$tmp/empty"
put_data "$tmp/copy" $((4 * M)) $((2 * M))
dd if=/dev/zero of="$tmp/copy" bs=1M seek=6 count=2 conv=notrunc status=none
dd if="$tmp/disk" of="$tmp/copy" bs=1M skip=12 seek=12 count=2 conv=notrunc \
   status=none
put_data "$tmp/copy" $((14 * M)) $((2 * M))

# expect_range NAME KIND START END: all requests of this kind lie in there, and
# cover all of it.
expect_range ()
{
  python3 - "$tmp/$1.requests" "$2" $(($3 * M)) $(($4 * M)) <<'END' ||
import re, sys
start, end, found = int(sys.argv[3]), int(sys.argv[4]), []
for line in open(sys.argv[1]):
    m = re.search(r" (\w+) id=\d+ offset=(0x[0-9a-f]+) count=(0x[0-9a-f]+)", line)
    if m and m[1] == sys.argv[2]:
        found.append((int(m[2], 16), int(m[2], 16) + int(m[3], 16)))
found = [r for r in sorted(found) if r[0] < end + 2**20 and r[1] > start - 2**20
         or sys.argv[2] == "Read"]
at = None
for a, b in found:
    at = b if at is None or a == at else sys.exit(f"gap at {at}: {found}")
if not found or (found[0][0], at) != (start, end):
    sys.exit(f"{found}")
END
    fail "$1: $2 requests are not those of $3 to $4 MiB"
}

serve_logged src -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"
copy_ok --update -T 1 --report="$tmp/report" "$src" "$dst"
stop_server src
stop_server dst
expect_identical "$tmp/disk" "$tmp/copy"
expect_range src Read 8 16
expect_range dst Write 8 10
expect_range dst Zero 4 6
[ "$(request_bytes dst Write)" = $((2 * M)) ] || fail "more was written"
[ "$(request_bytes dst Zero)" = $((4 * M)) ] || fail "other zeroes were made"
[ "$(request_bytes dst Read)" = $((8 * M)) ] || fail "other parts were read"
[ "$(requests dst Trim)" = 0 ] || fail "something was trimmed"
expect_report 'r["bytes"]["data"] == 2 << 20' \
              'r["bytes"]["zero"] == 4 << 20' \
              'r["bytes"]["same"] == 10 << 20' \
              'r["bytes"]["skipped"] == 0' \
              'r["status"] == "ok" and r["changed"] and r["flushed"]'

# Without block status, both sides are read in full, and nothing is written.
serve_logged src -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"
copy_ok --update --no-extents "$src" "$dst"
[ "$(request_bytes src Read)" = $((16 * M)) ] || fail "src was not read in full"
[ "$(request_bytes dst Read)" = $((16 * M)) ] || fail "dst was not read in full"
expect_requests dst Write -eq 0
expect_requests dst Zero -eq 0
expect_requests dst Extents -eq 0
