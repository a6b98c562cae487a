#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a server answers a read with less than was asked, or with the same part
# twice, the copy has no gap: it ends with an error.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 16M
for mode in read-half read-twice; do
  make_ones "$tmp/copy" 16M
  serve_pair source --mode=$mode --after=5
  copy_fails 1 '^stripecopy: source .*read.*offset [0-9]+ length [0-9]+: ' \
             --retries=0 "$src" "$dst"
  expect_fired src
done
