#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whatever a server tells about extents, but for plain lies, the copy is right:
# it clips, merges, rounds, and takes for data what it was not told.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 16
truncate -s +513 "$tmp/disk"
for mode in status-none status-twice status-zero-first status-zero-middle \
            status-zero-only status-long status-past-end status-one-more \
            status-short status-wrong-id status-flags status-odd \
            status-then-error status-error; do
  make_ones "$tmp/copy" $(((16 << 20) + 513))
  serve_faulty src --mode=$mode "$tmp/disk"
  serve_nbdkit dst file "$tmp/copy"
  copy_ok -T 2 -C 2 "$src" "$dst"
  cmp "$tmp/disk" "$tmp/copy" || fail "$mode: the copy differs"
  # These come up with a range that does not reach the disk's end, or does.
  [ $mode = status-long ] || expect_fired src
  stop_server src
  stop_server dst
done
