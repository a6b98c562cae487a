#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file of /proc has a size of 0.  It is refused, with a message that says how
# to copy it, instead of being copied as an empty disk.

. "$(dirname "$0")/../lib/test.sh"

file=/proc/self/status
[ "$(stat -c %s $file)" = 0 ] || skip "$file has a size on this machine"

for args in "" --plan --source-format=raw; do
  # shellcheck disable=SC2086
  copy_fails 2 "^stripecopy: source $file: its size is 0, but it can be read: pipe it" $args \
             $file "$tmp/new"
done
[ ! -e "$tmp/new" ] || fail "a file was made"
: > "$tmp/empty"
copy_fails 2 "^stripecopy: destination $file: its size is 0, but it can be read" --compare \
           "$tmp/empty" $file
copy_ok "$tmp/empty" "$tmp/new"
stream_ok - "$tmp/new" < <(cat /proc/version)
expect_identical /proc/version "$tmp/new"
