#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where nothing is flushed, because it is not wanted or cannot be, a lost
# connection to the destination still only costs what was written over it.

. "${srcdir:-.}/functions.sh"
requires_plugin file

make_data "$tmp/disk" 24M
serve_nbdkit src file "$tmp/disk"
for args in --no-flush ""; do
  make_ones "$tmp/copy" 24M
  serve_rude dst --without=flush --mode=write-drop --after=8 --times=2 \
             "$tmp/copy"
  # shellcheck disable=SC2086
  copy_ok $args -T 2 -C 2 --retry-wait=0 "$src" "$dst"
  expect_fired dst
  expect_identical "$tmp/disk" "$tmp/copy"
  stop_server dst
done
