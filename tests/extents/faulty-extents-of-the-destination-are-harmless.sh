#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The copy is also correct with any reply of the destination about its zeroes.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 16
truncate -s 16M "$tmp/used"
put_data "$tmp/used" 5555555 3333333
serve_nbdkit src -r file "$tmp/disk"
for mode in status-none status-twice status-zero-first status-zero-middle \
            status-zero-only status-past-end status-one-more status-short \
            status-wrong-id status-flags status-odd status-then-error \
            status-error; do
  cp --sparse=always "$tmp/used" "$tmp/copy"
  serve_faulty dst --mode=$mode "$tmp/copy"
  copy_ok -T 2 -C 2 "$src" "$dst"
  cmp "$tmp/disk" "$tmp/copy" || fail "$mode: the copy differs"
  expect_fired dst
  stop_server dst
done
