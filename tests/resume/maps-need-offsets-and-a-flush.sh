#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copies that cannot be resumed refuse --map: streams, null:, and destinations
# that cannot flush.  Options about a map are refused without one.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
cp "$tmp/copy" "$tmp/before"
serve_nbdkit src -r file "$tmp/disk"

copy_fails 2 'null:' --map="$tmp/map" "$src" null:
copy_fails 2 'no-flush' --map="$tmp/map" --no-flush "$src" "$tmp/copy"
copy_fails 2 'stream' --map="$tmp/map" - "$tmp/copy"
copy_fails 2 'stream' --map="$tmp/map" "$src" -
copy_fails 2 '--resume requires --map' --resume=require "$src" "$tmp/copy"
copy_fails 2 '--source-id requires --map' --source-id=x "$src" "$tmp/copy"
copy_fails 2 '--map-interval requires --map' --map-interval=5 "$src" "$tmp/copy"
copy_fails 2 'source-id' --map="$tmp/map" --source-id= "$src" "$tmp/copy"
copy_fails 2 'source-id' --map="$tmp/map" --source-id=$'a\nb' \
           "$src" "$tmp/copy"
copy_fails 2 'auto.require.never' --map="$tmp/map" --resume=yes \
           "$src" "$tmp/copy"
copy_fails 2 'no map to resume from' --map="$tmp/map" --resume=require \
           "$src" "$tmp/copy"
copy_fails 2 'No such file' --map="$tmp/none/map" "$src" "$tmp/copy"
copy_fails 2 'not a regular file' --map=/dev/null "$src" "$tmp/copy"
copy_fails 2 '--map=.*: is the same file as' --map="$tmp/copy" \
           "$src" "$tmp/copy"
copy_fails 2 '--map=.*: is the same file as' --map="$tmp/disk" \
           "$tmp/disk" "$tmp/copy"
[ ! -e "$tmp/map" ] || fail "a map was made"
expect_identical "$tmp/before" "$tmp/copy"

if nbdkit eval --version > /dev/null 2>&1; then
  serve_nbdkit dst eval get_size='echo 32M' pread='exit 1' pwrite='exit 1'
  copy_fails 2 'cannot flush, which --map' --map="$tmp/map" "$src" "$dst"
fi
