#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A damaged map, or a file that is not a map, is refused with the line and the
# reason.  It stays unchanged, and so does the destination.

. "$(dirname "$0")/../lib/test.sh"

make_disks
copy_ok --map="$tmp/whole" "$tmp/disk" "$tmp/copy"
make_ones "$tmp/copy" 32M
cp "$tmp/copy" "$tmp/before"

# refused WHY: checks that $tmp/map is refused.
refused ()
{
  cp "$tmp/map" "$tmp/map-before"
  copy_fails 2 "^stripecopy: --map=.*$1" --map="$tmp/map" \
             "$tmp/disk" "$tmp/copy"
  expect_identical "$tmp/map-before" "$tmp/map"
  expect_identical "$tmp/before" "$tmp/copy"
}

sed '$d' "$tmp/whole" > "$tmp/map"               # its only block
refused 'damaged: line [0-9]+: map ends early'
sed '$s/0x0000/0x0001/' "$tmp/whole" > "$tmp/map"
refused 'damaged: line [0-9]+: there is a gap'
sed '$s/+/x/' "$tmp/whole" > "$tmp/map"
refused 'damaged: line [0-9]+: malformed block line'
echo "my thesis" > "$tmp/map"
refused 'damaged: line 1: malformed status line'
head -c 100000 /dev/urandom > "$tmp/map"
refused 'damaged: line [0-9]+: '
truncate -s 1G "$tmp/map"
refused 'too large'
rm "$tmp/map" "$tmp/map-before"

# No option makes the copy overwrite a file that is not a map.
echo "my thesis" > "$tmp/map"
copy_fails 2 'refusing to overwrite it' --map="$tmp/map" --resume=never \
           "$tmp/disk" "$tmp/copy"
[ "$(cat "$tmp/map")" = "my thesis" ] || fail "a file was overwritten"
expect_identical "$tmp/before" "$tmp/copy"

# But a map may be overwritten.
sed '$d' "$tmp/whole" > "$tmp/map"
copy_ok --map="$tmp/map" --resume=never "$tmp/disk" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
