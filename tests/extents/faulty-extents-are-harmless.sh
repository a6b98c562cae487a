#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The copy is correct with any reply about extents that is not a lie: it clips,
# merges and rounds them, and copies unreported ranges as data.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 16
truncate -s +513 "$tmp/disk"
for mode in status-none status-twice status-zero-first status-zero-middle \
            status-zero-only status-long status-past-end status-one-more \
            status-short status-wrong-id status-flags status-odd \
            status-then-error status-error; do
  make_ones "$tmp/copy" $(((16 << 20) + 513))
  serve_pair source --mode=$mode
  copy_ok -T 2 -C 2 "$src" "$dst"
  cmp "$tmp/disk" "$tmp/copy" || fail "$mode: the copy differs"
  # These modes report a last range that ends before the end of the disk, or at
  # it.
  [ $mode = status-long ] || expect_fired src
done
