#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a connection on either side is closed, garbled or silent, its worker
# reconnects, and the copy is complete.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 32
for mode in drop garble stall; do
  for side in source destination; do
    make_ones "$tmp/copy" 32M
    serve_pair $side --mode=$mode --after=6 --times=4
    copy_ok -v -C 2 -T 2 --request-size=256k --retry-wait=0.01 \
            --retries=20 --stall-timeout=$factor "$src" "$dst"
    expect_fired "$faulty"
    expect_error 'worker [01] reconnects in '
    expect_error 'worker [01] has reconnected$'
    expect_identical "$tmp/disk" "$tmp/copy"
  done
done
