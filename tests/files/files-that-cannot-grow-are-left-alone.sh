#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A size above the limit of file sizes is refused; an existing file stays, and a
# missing one is not made.

. "$(dirname "$0")/../lib/test.sh"

truncate -s 64M "$tmp/disk"
make_ones "$tmp/old" 1M
cp "$tmp/old" "$tmp/before"
ulimit -f 32768                         # KiB

copy_fails 2 'destination .*limited to 33554432 bytes' "$tmp/disk" "$tmp/new"
copy_fails 2 'destination .*files there are limited' --plan "$tmp/disk" "$tmp/new"
[ ! -e "$tmp/new" ] || fail "an empty file was left behind"
copy_fails 2 'destination .*limited to 33554432 bytes' "$tmp/disk" "$tmp/old"
expect_identical "$tmp/before" "$tmp/old"
