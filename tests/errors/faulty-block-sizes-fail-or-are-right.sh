#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Impossible block sizes, and sizes beyond all bounds, on either side.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 8
for mode in blocks-zero blocks-odd blocks-crossed blocks-huge size-huge; do
  for side in source destination; do
    make_ones "$tmp/copy" 8M
    serve_pair $side --mode=$mode
    copy_right_or_fails "$tmp/disk" "$tmp/copy" --retry-wait=0 "$src" "$dst"
    expect_fired "$faulty"
  done
done
