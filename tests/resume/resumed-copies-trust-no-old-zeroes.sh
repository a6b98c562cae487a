#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ranges that were zero when a copy began may have changed when it is resumed:
# the block status of the rest is read again, and the rest is zeroed.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

truncate -s 32M "$tmp/disk"
put_data "$tmp/disk" 8388608 1M
put_data "$tmp/disk" 25165824 1M

# goes_on DESTINATION FILE ARGS...: resumes a copy of which one half is done,
# and the other half has old data.
goes_on ()
{
  local destination=$1 file=$2
  shift 2
  rm -f "$tmp/map"
  copy_ok --map="$tmp/map" "$@" "$tmp/disk" "$destination"
  expect_identical "$tmp/disk" "$file"
  sed -i '$s/.*/0x0 0x1000000 +\n0x1000000 0x1000000 ?/' "$tmp/map"
  put_data "$file" 16777216 10M
  copy_ok --map="$tmp/map" "$@" "$tmp/disk" "$destination"
  expect_error '16.0 MiB are copied already'
  expect_identical "$tmp/disk" "$file"
}

goes_on "$tmp/new" "$tmp/new"
goes_on "$tmp/new" "$tmp/new" --destination-is-zero
truncate -s 32M "$tmp/copy"
serve_nbdkit dst file "$tmp/copy"
goes_on "$dst" "$tmp/copy"
goes_on "$dst" "$tmp/copy" --destination-is-zero=no
truncate -s 0 "$tmp/copy"
truncate -s 32M "$tmp/copy"
goes_on "$dst" "$tmp/copy" --destination-is-zero
if truncate -s 32M "$tmp/back" && can_make_device "$tmp/back"; then
  make_device device "$tmp/back"
  goes_on "$device" "$device" --destination-is-zero
fi
