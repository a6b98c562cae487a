#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --extents needs a list that fits the disk, and a destination that has the rest
# of it: otherwise the copy ends with 2, and the destination is as it was.

. "$(dirname "$0")/../lib/test.sh"

make_disks 8
cp "$tmp/copy" "$tmp/before"
echo '[{"byte_offset":0,"size_bytes":4096}]' > "$tmp/list"

# refused PATTERN ARGS...
refused ()
{
  copy_fails 2 "$@"
  expect_identical "$tmp/before" "$tmp/copy"
}

list ()
{
  echo "$1" > "$tmp/bad"
}

refused "extents=$tmp/none: No such file" --extents="$tmp/none" \
        "$tmp/disk" "$tmp/copy"
: > "$tmp/bad"
refused 'the file is empty; an empty list is \[\]' --extents="$tmp/bad" \
        "$tmp/disk" "$tmp/copy"
list '[{"byte_offset":8388600,"size_bytes":9}]'
refused 'extent 1: it ends at 8388609, and the disk at 8388608' \
        --extents="$tmp/bad" "$tmp/disk" "$tmp/copy"
list '[{"offset":0,"length":4096,"type":1,"description":"dirty"}]'
refused 'the list ends at 4096, and the disk at 8388608' \
        --extents="$tmp/bad" "$tmp/disk" "$tmp/copy"
list '[{"byte_offset":-4096,"size_bytes":4096}]'
refused 'extent 1: "byte_offset" is negative' \
        --extents="$tmp/bad" "$tmp/disk" "$tmp/copy"

# The destination must be there, with the same size.
refused 'destination .* must exist' --extents="$tmp/list" "$tmp/disk" "$tmp/new"
[ ! -e "$tmp/new" ] || fail "the destination was created"
truncate -s 4M "$tmp/short"
refused 'destination .* must exist' --extents="$tmp/list" "$tmp/disk" \
        "$tmp/short"
[ "$(stat -c %s "$tmp/short")" -eq 4194304 ] || fail "its size has changed"

# Streams have no extents, and a digest is of the whole disk.
code=0
cat "$tmp/disk" | "$stripecopy" --extents="$tmp/list" - "$tmp/copy" \
  2> "$errors" || code=$?
[ $code -eq 2 ] || fail "exit status $code from a stream"
expect_error 'extents cannot be used with a stream'
expect_identical "$tmp/before" "$tmp/copy"
if "$stripecopy" --help | grep -q blkhash; then
  refused '(extents|blkhash) cannot be used with --(extents|blkhash)' --blkhash \
          --extents="$tmp/list" "$tmp/disk" "$tmp/copy"
fi
refused 'extents cannot be used with a stream' --extents=- - "$tmp/copy"

# Nothing selected is nothing to do.
echo '[]' > "$tmp/nothing"
copy_ok --report="$tmp/report" --extents="$tmp/nothing" "$tmp/disk" "$tmp/copy"
expect_identical "$tmp/before" "$tmp/copy"
grep -q '"status":"unchanged","changed":false,"exit":0' "$tmp/report" ||
  fail "$(cat "$tmp/report")"
