#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy survives a destination that crashes while connections to the source are
# lost, and two sides that fall silent together.

. "$(dirname "$0")/../lib/test.sh"

make_islands "$tmp/disk" 32
# both SOURCE-MODE DESTINATION-MODE
both ()
{
  make_ones "$tmp/copy" 32M
  serve_faulty src --mode="$1" --after=12 --times=3 "$tmp/disk"
  serve_faulty dst --mode="$2" --after=5 --times=3 "$tmp/copy"
  copy_ok --verify -C 2 -T 2 --request-size=128k --retry-wait=0.01 \
          --retries=20 --stall-timeout=$factor "$src" "$dst"
  expect_fired src
  expect_fired dst
  expect_identical "$tmp/disk" "$tmp/copy"
  stop_server src
  stop_server dst
}

both drop crash
both garble drop
both read-cut write-drop
both stall stall
