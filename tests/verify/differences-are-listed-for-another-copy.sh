#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --differences lists exactly the sectors that differ, however many there are; a
# copy of that list writes these and nothing else, and then the disks are equal.

. "$(dirname "$0")/../lib/test.sh"
requires python3
requires_plugin file

# change EVERY: makes $tmp/disk differ from $tmp/copy in every EVERYth sector,
# and in the last one, of which the disk has only a part.
change ()
{
  python3 - "$tmp" "$1" <<'PYTHON'
import random, sys
folder, every = sys.argv[1], int(sys.argv[2])
size = 9 * 1048576 + 300
disk = bytearray(random.Random(every).randbytes(size))
disk[3 << 20:4 << 20] = bytes(1 << 20)
open(f"{folder}/disk", "wb").write(disk)
for at in range(0, size, 512 * every):
    disk[at + every] ^= 1
disk[size - 1] ^= 1
open(f"{folder}/copy", "wb").write(disk)
PYTHON
}

# expect_list [START END]: $tmp/list is a mapfile of the whole disk, in which the
# sectors of that part that differ have a '+', and no others.
expect_list ()
{
  python3 - "$tmp" "$@" <<'PYTHON' || fail "not this list: $(head "$tmp/list")"
import sys
folder = sys.argv[1]
a, b = (open(f"{folder}/{name}", "rb").read() for name in ("disk", "copy"))
start, end = map(int, sys.argv[2:] or (0, len(a)))
want = {i for i in range(start, end, 512) if a[i:i + 512] != b[i:i + 512]}
lines = [l.split() for l in open(f"{folder}/list") if l[0] != "#"]
at, listed = 0, set()
for offset, length, status in lines[1:]:
    assert int(offset, 16) == at and int(length, 16) > 0 and status in "?+"
    if status == "+":
        assert at % 512 == 0
        listed |= set(range(at, at + int(length, 16), 512))
    at += int(length, 16)
assert at == len(a), at
assert listed == want, (len(listed), len(want))
PYTHON
}

bytes_of_list ()
{
  local n=0 length status
  while read -r _ length status; do
    [ "$status" != + ] || n=$((n + length))
  done < "$tmp/list"
  echo $n
}

# With one place, with some, and with every second sector, of which far more
# than are named in a report.
for every in 9000 700 2; do
  change "$every"
  for way in "-T 1" "-T 3" "-T 4 --no-extents"; do
    read -r -a words <<< "$way"
    rm -f "$tmp/list"
    copy_fails 4 'differ' --compare "${words[@]}" --differences="$tmp/list" \
               "$tmp/disk" "$tmp/copy"
    expect_list
  done
  serve_logged dst file "$tmp/copy"
  copy_ok --extents="$tmp/list" "$tmp/disk" "$dst"
  stop_server dst
  written=$(($(request_bytes dst Write) + $(request_bytes dst Zero)))
  [ "$written" -eq "$(bytes_of_list)" ] ||
    fail "$written bytes were written, and $(bytes_of_list) differed"
  expect_identical "$tmp/disk" "$tmp/copy"
done
[ "$(grep -c '+$' "$tmp/list")" -gt 9000 ] || fail "too few ranges"

# Now nothing differs, and the list replaces the old one.
copy_ok --compare --differences="$tmp/list" "$tmp/disk" "$tmp/copy"
expect_list
! grep -q '+' "$tmp/list" || fail "something is listed: $(cat "$tmp/list")"
copy_ok --report="$tmp/report" --extents="$tmp/list" "$tmp/disk" "$tmp/copy"
grep -q '"status":"unchanged"' "$tmp/report" || fail "$(cat "$tmp/report")"
if type ddrescuelog > /dev/null 2>&1; then
  ddrescuelog -t "$tmp/list" > "$tmp/log" || fail "ddrescuelog: $(cat "$tmp/log")"
fi

# Of a shard, of a selection, and of both.
change 500
copy_fails 4 'differ' --compare --shard=2/4 --differences="$tmp/list" \
           "$tmp/disk" "$tmp/copy"
expect_list 2097152 4194304
copy_ok --extents="$tmp/list" "$tmp/disk" "$tmp/copy"
copy_ok --compare --shard=2/4 "$tmp/disk" "$tmp/copy"
echo '[{"byte_offset":5242880,"size_bytes":1048576}]' > "$tmp/selected"
copy_fails 4 'differ' --compare --extents="$tmp/selected" \
           --differences="$tmp/list" "$tmp/disk" "$tmp/copy"
expect_list 5242880 6291456

# After a copy, of what was not selected; once more, and it is complete.
copy_fails 4 'differ' --verify=all --extents="$tmp/selected" \
           --differences="$tmp/list" "$tmp/disk" "$tmp/copy"
expect_list
copy_ok --verify=all --extents="$tmp/list" --differences="$tmp/second" \
        "$tmp/disk" "$tmp/copy"
! grep -q '+$' "$tmp/second" || fail "something is listed"
expect_identical "$tmp/disk" "$tmp/copy"

# Through a pipe.
change 1000
"$stripecopy" -q --compare --differences=- "$tmp/disk" "$tmp/copy" \
  2> "$errors" | tee "$tmp/list" > "$tmp/pipe" || :
expect_list
stream_ok --verify --extents=- "$tmp/disk" "$tmp/copy" < "$tmp/pipe"
expect_identical "$tmp/disk" "$tmp/copy"
stream_ok --compare --differences=- "$tmp/disk" "$tmp/copy" < /dev/null \
          > "$tmp/list"
expect_list

# Empty disks have an empty list; in a manifest each copy has its own.
: > "$tmp/nothing"
: > "$tmp/empty"
change 800
cat > "$tmp/manifest" <<MANIFEST
[ { "source": "$tmp/nothing", "destination": "$tmp/empty", "compare": true,
    "differences": "$tmp/of-empty" },
  { "source": "$tmp/disk", "destination": "$tmp/copy", "compare": true,
    "differences": "$tmp/list" } ]
MANIFEST
copy_fails 4 'differ' --manifest="$tmp/manifest"
expect_list
copy_ok --extents="$tmp/of-empty" "$tmp/nothing" "$tmp/empty"
