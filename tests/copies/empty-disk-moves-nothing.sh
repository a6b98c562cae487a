#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk of size 0 is copied at once, with progress of 100 %.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

serve_logged src memory 0
serve_logged dst memory 0

for to in "$dst" null:; do
  copy_ok -p "$src" "$to"
  expect_error '^  100% '
done
for kind in Read Write Zero Extents; do
  expect_requests src $kind -eq 0
  expect_requests dst $kind -eq 0
done
