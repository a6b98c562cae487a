#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Holes are neither read nor written, and stay holes.  Zeroes in data become
# holes, too.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

kib () { du -k "$1" | cut -f 1; }

make_islands "$tmp/disk" 128
head -c 16M /dev/zero >> "$tmp/disk"
data=$(($(kib "$tmp/disk") - 16 * 1024))
serve_logged src -r file "$tmp/disk"

copy_ok -v "$tmp/disk" "$tmp/by-file"
read=$(sed -n 's/.*: read offset=[0-9]* length=\([0-9]*\)$/\1/p' "$errors" |
         awk '{ n += $1 } END { print n / 1024 }')
[ "${read%.*}" -le $((data + 17 * 1024)) ] || fail "$read KiB were read"
copy_ok "$src" "$tmp/by-server"
for copy in by-file by-server; do
  expect_identical "$tmp/disk" "$tmp/$copy"
  [ "$(kib "$tmp/$copy")" -le $((data + 1024)) ] ||
    fail "$copy takes $(kib "$tmp/$copy") KiB, for $data of data"
done

copy_ok -S 0 --no-extents "$tmp/disk" "$tmp/dense"
expect_identical "$tmp/disk" "$tmp/dense"
[ "$(kib "$tmp/dense")" -ge $((144 * 1024)) ] || fail "-S 0 leaves holes"
