#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A full file system fails the copy, with io_uring and without.  With a map, the
# data that found room is stored.

. "$(dirname "$0")/../lib/test.sh"
unshare -rm true 2> "$errors" || skip "mount namespaces are not allowed"

make_data "$tmp/disk" 16M
mkdir "$tmp/small"
# shellcheck disable=SC2016
wrapper=(unshare -rm sh -c 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"'
         "$tmp/small" "${wrapper[@]}")

full ()
{
  copy_fails 1 '^stripecopy: destination .*write failed at .*No space' \
             "$tmp/disk" "$tmp/small/copy"
  copy_fails 1 '^stripecopy: destination .*allocate.*No space' --allocated \
             "$tmp/disk" "$tmp/small/copy"
  rm -f "$tmp/map"
  copy_fails 1 '^stripecopy: destination .*write failed at .*No space' \
             --map="$tmp/map" "$tmp/disk" "$tmp/small/copy"
  expect_error 'stored: run the same command again to resume once there is room'
  [ "$(finished_bytes "$tmp/map")" -gt 0 ] || fail "nothing is stored"
}

full
without_uring
full
