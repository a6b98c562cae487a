#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An update does not empty an existing file, but sets its size to that of the
# source.  An update that fails leaves the rest as it was.  A file that does not
# exist is created, also by an update of a part of it.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter error

make_islands "$tmp/disk" 16
size=$((16 << 20))
cp "$tmp/disk" "$tmp/ref"

# Files of other sizes.  Equal blocks within the common size are not written.
for other in 0 4097 $((size - 512)) $((size + 4096)) $((3 * size)); do
  cp "$tmp/disk" "$tmp/copy"
  truncate -s $other "$tmp/copy"
  [ $other -le $size ] || put_data "$tmp/copy" $size $((other - size))
  copy_ok --update --report="$tmp/report" "$tmp/disk" "$tmp/copy"
  expect_identical "$tmp/ref" "$tmp/copy"
  expect_report 'r["status"] == "ok" and r["changed"] and r["flushed"]'
  [ $other -lt $((size - 512)) ] ||
    expect_report 'r["bytes"]["data"] <= 4096 and r["bytes"]["zero"] == 0'
done

# A file that does not exist, and then one that is only planned.
copy_ok --update --plan --report="$tmp/report" "$tmp/disk" "$tmp/new"
[ ! -e "$tmp/new" ] || fail "--plan has created a file"
expect_report 'r["changed"] and not r["plan"]["update"]'
copy_ok --update "$tmp/disk" "$tmp/new"
expect_identical "$tmp/ref" "$tmp/new"
copy_ok --update --plan -v --report="$tmp/report" "$tmp/disk" "$tmp/new"
expect_report 'r["status"] == "planned" and r["plan"]["update"]' \
              'r["plan"]["found"]["data"] > 0 == r["plan"]["found"]["unknown"]'
expect_error 'plan: .* update=yes block=[0-9]+ allocated=no flush=yes'
expect_error 'found: .* data and .* zeroes to be compared, .* zero on both sides'

# An update that fails leaves the blocks that it has not reached.
make_ones "$tmp/copy" 16M
serve_nbdkit bad --filter=error -r file "$tmp/disk" error-pread-rate=100% \
             error-pread-file="$tmp/fail"
touch "$tmp/fail"
copy_fails 1 '^stripecopy: source .*read failed' --update --no-extents \
           --retries=0 "$bad" "$tmp/copy"
make_ones "$tmp/ones" 16M
expect_identical "$tmp/ones" "$tmp/copy"
rm "$tmp/fail"
copy_ok --update "$bad" "$tmp/copy"
expect_identical "$tmp/ref" "$tmp/copy"

# Shards, of a file that exists, and of one that does not.
make_ones "$tmp/copy" 16M
rm "$tmp/new"
for shard in 3/3 1/3 2/3; do
  copy_ok --update --shard=$shard "$tmp/disk" "$tmp/copy"
  copy_ok --update --shard=$shard "$tmp/disk" "$tmp/new"
done
expect_identical "$tmp/ref" "$tmp/copy"
expect_identical "$tmp/ref" "$tmp/new"

# A selection: nothing else is read or written.
make_ones "$tmp/copy" 16M
cp "$tmp/copy" "$tmp/want"
dd if="$tmp/disk" of="$tmp/want" bs=1M skip=5 seek=5 count=6 conv=notrunc \
   status=none
echo '[{"byte_offset":5242880,"size_bytes":6291456}]' > "$tmp/list"
for status in ok unchanged; do
  serve_logged src -r file "$tmp/disk"
  serve_logged dst file "$tmp/copy"
  copy_ok --update --verify --extents="$tmp/list" --report="$tmp/report" \
          "$src" "$dst"
  stop_server src
  stop_server dst
  expect_identical "$tmp/want" "$tmp/copy"
  expect_report "r['status'] == '$status'" 'r["bytes"]["total"] == 6 << 20'
  for kind in Read Write Zero; do
    request_lines src $kind >> "$tmp/ranges"
    request_lines dst $kind >> "$tmp/ranges"
  done
done
python3 - "$tmp/ranges" <<'END' || fail "a request is not of what is selected"
import re, sys
for line in open(sys.argv[1]):
    m = re.search(r" offset=(0x[0-9a-f]+) count=(0x[0-9a-f]+)", line)
    start, end = int(m[1], 16), int(m[1], 16) + int(m[2], 16)
    assert 5 << 20 <= start < end <= 11 << 20, line
END
