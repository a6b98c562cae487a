#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination that loses its connections, and what it had not stored, is never
# taken for a copy.

. "${srcdir:-.}/functions.sh"
requires_plugin file

for mode in crash write-drop; do
  make_disks 16
  serve_nbdkit src -r file "$tmp/disk"
  serve_rude dst --mode=$mode --after=3 --times=1 "$tmp/copy"
  copy_right_or_fails "$tmp/disk" "$tmp/copy" -T 2 -C 2 "$src" "$dst"
  expect_fired dst
  stop_server src
  stop_server dst
done
