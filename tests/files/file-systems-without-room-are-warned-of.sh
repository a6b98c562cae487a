#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If the file system of the destination has less room than the source has data,
# --plan and the copy warn of it at the start, with both numbers.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
unshare -rm true 2> "$errors" || skip "mount namespaces are not allowed"

make_data "$tmp/disk" 16M
make_islands "$tmp/thin" 64             # a small part of it is data
make_ones "$tmp/old" 7M
mkdir "$tmp/small"
# shellcheck disable=SC2016
wrapper=(unshare -rm bash -c 'mount -t tmpfs -o size=12m tmpfs "$0/small" &&
         cp "$0/old" "$0/small/old" && exec "$@"' "$tmp" "${wrapper[@]}")

# expect_warning HAVE NEED: expects the warning, with both numbers in MiB, and
# no other warning.
expect_warning ()
{
  expect_error "warning: destination .*: $2.0 MiB will be written, .* room \
for $1.0 MiB \($(($2 << 20)) and $(($1 << 20)) bytes\)$"
  expect_report "[w['code'] for w in r['warnings']] == ['destination-no-room']"
}

# The existing file has 7 MiB, and 5 MiB are free.
copy_ok --plan --report="$tmp/report" "$tmp/disk" "$tmp/small/new"
expect_warning 5 16
copy_ok --plan --report="$tmp/report" "$tmp/disk" "$tmp/small/old"
expect_warning 12 16
copy_fails 1 'write failed at .*No space' --report="$tmp/report" "$tmp/disk" \
           "$tmp/small/new"
expect_warning 5 16
copy_ok --plan --allocated --report="$tmp/report" "$tmp/thin" "$tmp/small/old"
expect_warning 12 64
copy_fails 1 'cannot allocate it' --allocated --report="$tmp/report" \
           "$tmp/thin" "$tmp/small/new"
expect_warning 5 64

# There is room for the data, with the room that the old content takes.
for from in thin old; do
  copy_ok --report="$tmp/report" "$tmp/$from" "$tmp/small/old"
  expect_report "r['warnings'] == []"
done
