#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Unchanged ranges are not read at the source, and not written, zeroed, trimmed
# or asked for at the destination.  The destination is not emptied either, and
# must exist with the source's size.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file

make_changes 2 12
for ways in '-T 1 -C 1' '-T 4 -C 4' '--synchronous' '--no-extents' \
            '--sparse=0 --bwlimit=100M' '--request-size=4096 -R 2' \
            '--allocated' '--destination-is-zero=no'; do
  read -r -a words <<< "$ways"
  cp "$tmp/old" "$tmp/copy"
  serve_changes src "$tmp/disk"
  serve_logged dst file "$tmp/copy"
  copy_ok "$changed" "${words[@]}" "$src" "$dst"
  stop_server src
  stop_server dst
  expect_identical "$tmp/want" "$tmp/copy"
  expect_only_changes_touched src dst
done

# Block status of the destination is asked for only where a part has changed.
{ head -c 512 /dev/zero; printf '\1'; } > "$tmp/changes"
serve_changes src "$tmp/disk"
serve_logged dst file "$tmp/copy"
copy_ok "$changed" "$src" "$dst"
expect_requests dst Extents -le 2
request_sizes dst Extents | while read -r n; do
  [ "$n" -le 4096 ] || fail "$n bytes were asked about at the destination"
done

# A file is neither made nor resized.
serve_changes src "$tmp/disk"
copy_fails 2 'destination .*must exist' "$changed" "$src" \
           "$tmp/new"
[ ! -e "$tmp/new" ] || fail "the destination was created"
for size in 0 4096 9000000; do
  truncate -s "$size" "$tmp/other"
  copy_fails 2 'destination .*must exist and have the size' \
             "$changed" "$src" "$tmp/other"
  [ "$(stat -c %s "$tmp/other")" -eq "$size" ] || fail "the file was resized"
done
