#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Several workers copy files correctly.

. "$(dirname "$0")/../lib/test.sh"

make_islands "$tmp/disk" 128
for n in 1 2 4; do
  copy_ok -v -T $n -C $n "$tmp/disk" "$tmp/copy$n"
  expect_identical "$tmp/disk" "$tmp/copy$n"
  expect_error "plan: .* workers=$n "
done
