#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A source that does not offer the context ends the copy with exit status 2,
# before anything is written.  If it is lost later, the copy fails with 1; the
# same command then ends with 2.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file

make_changes 1
make_image_with_bitmap "$tmp/image.qcow2" 4194816
offer='does not offer .*meta context'

# refused PATTERN ARGS...: the destination is as it was.
refused ()
{
  copy_fails 2 "$@" "$tmp/copy"
  expect_identical "$tmp/old" "$tmp/copy"
  [ "$(grep -c '^stripecopy: ' "$errors")" -eq 1 ] || fail "not one line"
}

# A plain server; qemu-nbd without the bitmap, and with another one.
serve_nbdkit src -r file "$tmp/disk"
refused "$offer" "$changed" "$src"
refused "$offer" --changed=qemu:allocation-depth "$src"
serve_qemu_nbd src -t -r -f qcow2 "$tmp/image.qcow2"
refused "$offer" "$changed" "$src"
stop_server src
serve_qemu_nbd src -t -r -f qcow2 -B b0 "$tmp/image.qcow2"
refused "$offer" --changed=qemu:dirty-bitmap:b1 "$src"
refused "$offer" --changed=qemu:dirty-bitmap:b "$src"
refused "$offer" --changed=qemu:allocation-depth "$src"
stop_server src
serve_faulty src --without=structured "$tmp/disk"
refused "$offer" "$changed" "$src"

# An image without that bitmap.
refused "Bitmap 'b1' is not found|b1" --changed=qemu:dirty-bitmap:b1 \
        --source-format=qcow2 "$tmp/image.qcow2"

# A later connection; without a limit, the first one could copy all before.
serve_changes src --mode=no-context --in=changes --after=1 "$tmp/disk"
copy_fails 1 "$offer" "$changed" -T 3 -C 3 --bwlimit=1K "$src" "$tmp/copy"
expect_fired src
expect_bytes_of old want
cp "$tmp/old" "$tmp/copy"
copy_fails 2 "$offer" "$changed" "$src" "$tmp/copy"
expect_identical "$tmp/old" "$tmp/copy"

# After a reconnect.  Only changed blocks may have been written.
for after in 1 3 9; do
  cp "$tmp/old" "$tmp/copy"
  serve_changes src --mode=context-lost --in=changes --after=$after --times=1 \
                "$tmp/disk"
  copy_fails 1 "$offer" "$changed" -T 2 -C 2 \
             --request-size=65536 "$src" "$tmp/copy"
  expect_fired src
  expect_bytes_of old want
  ! cmp -s "$tmp/want" "$tmp/copy" || fail "the copy had ended before"
done
cp "$tmp/old" "$tmp/copy"
serve_changes src --mode=context-lost --in=changes --after=9 --times=1 \
              "$tmp/disk"
for status in 1 2 2; do
  copy_fails $status "$offer" "$changed" --map="$tmp/map" \
             --source-id=1 --request-size=65536 "$src" "$tmp/copy"
done
expect_bytes_of old want

# base:allocation is only advice: without it, changed blocks are data.
cp "$tmp/old" "$tmp/copy"
serve_changes src --without=extents "$tmp/disk"
copy_ok "$changed" "$src" "$tmp/copy"
expect_identical "$tmp/want" "$tmp/copy"
for mode in no-context context-lost; do
  cp "$tmp/old" "$tmp/copy"
  serve_changes src --mode=$mode --after=1 --times=1 "$tmp/disk"
  copy_ok "$changed" -T 3 -C 3 --retry-wait=0 --bwlimit=256K \
          "$src" "$tmp/copy"
  expect_fired src
  expect_identical "$tmp/want" "$tmp/copy"
done
