#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The temporary file next to a map never takes the name of another file, whether
# that is the source, the destination or an unrelated file.

. "$(dirname "$0")/../lib/test.sh"

mkdir "$tmp/work"
make_islands "$tmp/work/disk.stripecopy" 8
cp "$tmp/work/disk.stripecopy" "$tmp/before"

# The source, the destination, and neither; also in a second run.
copy_ok --map="$tmp/work/disk" "$tmp/work/disk.stripecopy" "$tmp/work/copy"
expect_identical "$tmp/before" "$tmp/work/disk.stripecopy"
expect_identical "$tmp/before" "$tmp/work/copy"
copy_ok --map="$tmp/work/disk" "$tmp/work/disk.stripecopy" "$tmp/work/copy"
expect_identical "$tmp/before" "$tmp/work/disk.stripecopy"
copy_ok --map="$tmp/work/new" "$tmp/before" "$tmp/work/new.stripecopy"
expect_identical "$tmp/before" "$tmp/work/new.stripecopy"
copy_ok --map="$tmp/work/map" "$tmp/before" "$tmp/work/other"
copy_ok --map="$tmp/work/map.stripecopy" "$tmp/before" "$tmp/work/third"
cp "$tmp/work/map.stripecopy" "$tmp/map-before"
copy_ok --map="$tmp/work/map" --resume=never "$tmp/before" "$tmp/work/other"
expect_identical "$tmp/map-before" "$tmp/work/map.stripecopy"

# The temporary file is gone.
[ "$(cd "$tmp/work" && echo ./*)" = './copy ./disk ./disk.stripecopy ./map '"\
./map.stripecopy ./new ./new.stripecopy ./other ./third" ] ||
  fail "left: $(cd "$tmp/work" && echo ./*)"
