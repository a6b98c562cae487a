#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Impossible block sizes, and sizes beyond all bounds, on either side.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 8
for mode in blocks-zero blocks-odd blocks-crossed blocks-huge size-huge; do
  make_ones "$tmp/copy" 8M
  serve_faulty src --mode=$mode "$tmp/disk"
  serve_nbdkit dst file "$tmp/copy"
  copy_right_or_fails "$tmp/disk" "$tmp/copy" --retry-wait=0 "$src" "$dst"
  expect_fired src
  stop_server src
  stop_server dst

  make_ones "$tmp/copy" 8M
  serve_nbdkit src -r file "$tmp/disk"
  serve_faulty dst --mode=$mode "$tmp/copy"
  copy_right_or_fails "$tmp/disk" "$tmp/copy" --retry-wait=0 "$src" "$dst"
  expect_fired dst
  stop_server src
  stop_server dst
done
