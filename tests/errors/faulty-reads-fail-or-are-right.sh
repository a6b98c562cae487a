#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With unusual replies to reads, the copy is correct or ends with a clear error.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 16
for mode in read-pieces read-overlap read-outside read-then-error \
            read-error-zero read-cut read-empty read-simple read-huge \
            read-stuck read-text; do
  make_ones "$tmp/copy" 16M
  serve_pair source --mode=$mode --after=3
  copy_right_or_fails "$tmp/disk" "$tmp/copy" -T 2 -C 2 --retry-wait=0 \
                      --retries=1 --stall-timeout=$((5 * factor)) "$src" "$dst"
  expect_fired src
  # Pieces in any order, with holes, are allowed by the protocol.
  [ $mode != read-pieces ] || [ $code -eq 0 ] || fail "$mode: exit status $code"
done
