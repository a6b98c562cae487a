#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Garbled, unexpected and missing replies end the copy with a clear error, on
# either side. (libnbd 1.22 skips a reply to an unknown request; the real
# request is then never answered.)

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 16M
make_ones "$tmp/copy" 16M
for mode in garble bad-cookie drop; do
  for side in source destination; do
    serve_pair $side --mode=$mode --after=5
    copy_fails 1 "^stripecopy: $side " --stall-timeout=$((5 * factor)) \
               --retries=0 -T 2 -C 2 "$src" "$dst"
    expect_fired "$faulty"
  done
done
