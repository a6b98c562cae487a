#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --compare only reads its destination: one that cannot be written to will do,
# nothing is made, cut or flushed, and the tail of a longer one is left out.

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

# A server that is read-only; a file: neither is its time changed, nor its size.
serve_nbdkit ro -r file "$tmp/disk"
copy_ok --compare "$src" "$ro"
chmod 400 "$tmp/copy"
touch -d '2001-01-01' "$tmp/copy"
copy_fails 4 'destination .* differ' --compare "$src" "$tmp/copy"
[ "$(stat -c '%Y %s' "$tmp/copy")" = \
  "$(date -d 2001-01-01 +%s) $((16 * 1048576))" ] || fail "it was touched"
expect_identical "$tmp/before" "$tmp/copy"

# One that is not there is not made; one that is shorter is not made longer.
copy_fails 1 'destination .*/none: cannot open it: No such file' \
           --compare "$tmp/disk" "$tmp/none"
[ ! -e "$tmp/none" ] || fail "the destination was made"
truncate -s 1M "$tmp/short"
copy_fails 2 'destination .*/short: its size \(1048576\) is smaller' \
           --compare "$tmp/disk" "$tmp/short"
[ "$(stat -c %s "$tmp/short")" -eq 1048576 ] || fail "its size was changed"

# One that is longer may have anything behind; that is said.
cp "$tmp/disk" "$tmp/long"
echo more >> "$tmp/long"
copy_ok --compare "$tmp/disk" "$tmp/long"
expect_error "destination .*/long: its size is 16777221: .*16777216.* not comp"
copy_ok -q --compare "$tmp/disk" "$tmp/long"
[ ! -s "$errors" ] || fail "-q was not heeded"

# --plan says what would be compared, and reads nothing.
n=$(requests dst Read)
copy_ok --compare --plan "$src" "$dst"
expect_error 'plan: .* compare=yes'
expect_requests dst Read -eq "$n"
