#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file system that is full is an error, with a ring and without.

. "${srcdir:-.}/functions.sh"
unshare -rm true 2> "$errors" || skip "no mount namespaces here"

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
}

full
without_uring
full
