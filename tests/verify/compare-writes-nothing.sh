#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --compare only reads its destination.  The destination may be read-only;
# nothing is created, truncated or flushed; the tail of a larger destination is
# not compared.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks 16
cp "$tmp/copy" "$tmp/before"
serve_logged src -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"

for args in "" --flush --allocated --destination-is-zero --synchronous; do
  copy_fails 4 'destination .* differ' --compare $args "$src" "$dst"
done
[ "$(request_bytes dst Read)" -gt 0 ] || fail "nothing was read"
for kind in Write Zero Trim Flush; do
  expect_requests dst $kind -eq 0
done
expect_identical "$tmp/before" "$tmp/copy"

# A read-only server; and a file, whose time and size do not change.
serve_nbdkit ro -r file "$tmp/disk"
copy_ok --compare "$src" "$ro"
chmod 400 "$tmp/copy"
touch -d '2001-01-01' "$tmp/copy"
copy_fails 4 'destination .* differ' --compare "$src" "$tmp/copy"
[ "$(stat -c '%Y %s' "$tmp/copy")" = \
  "$(date -d 2001-01-01 +%s) $((16 * 1048576))" ] || fail "it was touched"
expect_identical "$tmp/before" "$tmp/copy"

# A missing destination is not made, and a shorter one is not extended.
copy_fails 1 'destination .*/none: cannot open it: No such file' \
           --compare "$tmp/disk" "$tmp/none"
[ ! -e "$tmp/none" ] || fail "the destination was made"
truncate -s 1M "$tmp/short"
copy_fails 2 'destination .*/short: is too small: its size is 1048576' \
           --compare "$tmp/disk" "$tmp/short"
[ "$(stat -c %s "$tmp/short")" -eq 1048576 ] || fail "its size was changed"

# The tail of a larger destination may hold anything; a warning says so.
cp "$tmp/disk" "$tmp/long"
echo more >> "$tmp/long"
copy_ok --compare "$tmp/disk" "$tmp/long"
expect_error "destination .*/long: its size is 16777221: .*16777216.* not comp"
copy_ok -q --compare "$tmp/disk" "$tmp/long"
[ ! -s "$errors" ] || fail "-q did not suppress the warning"

# --plan says what would be compared, and reads nothing.
n=$(requests dst Read)
copy_ok --compare --plan "$src" "$dst"
expect_error 'plan: .* compare=yes'
expect_requests dst Read -eq "$n"
