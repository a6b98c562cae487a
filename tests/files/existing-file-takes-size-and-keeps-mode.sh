#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An existing file gets the source's size, whether it was shorter or longer,
# keeps no byte of its old content, and keeps its mode.  A new file obeys the
# umask.

. "$(dirname "$0")/../lib/test.sh"

make_islands "$tmp/disk" 16
make_ones "$tmp/shorter" 5M
make_ones "$tmp/longer" 40M
make_ones "$tmp/equal" 16M
chmod 0751 "$tmp"/{shorter,longer,equal}
for to in shorter longer equal; do
  inode=$(stat -c %i "$tmp/$to")
  copy_ok --destination-is-zero=no "$tmp/disk" "$tmp/$to"
  expect_identical "$tmp/disk" "$tmp/$to"
  [ "$(stat -c '%a %i' "$tmp/$to")" = "751 $inode" ] ||
    fail "$to is now: $(stat -c '%a %i' "$tmp/$to")"
done

ln -s longer "$tmp/link"
copy_ok "$tmp/disk" "$tmp/link"
[ -L "$tmp/link" ] || fail "a link was replaced"

umask 027
copy_ok "$tmp/disk" "$tmp/new"
[ "$(stat -c %a "$tmp/new")" = 640 ] || fail "mode $(stat -c %a "$tmp/new")"
