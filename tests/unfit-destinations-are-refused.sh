#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination that is smaller, or read-only, is refused before anything is
# written.

. "${srcdir:-.}/functions.sh"
requires_plugin memory

serve_nbdkit src memory 2M
serve_logged small memory 2097151
serve_logged fixed -r memory 2M

copy_fails 2 '^stripecopy: destination .*small' "$src" "$small"
copy_fails 2 '^stripecopy: destination .*read-only' "$src" "$fixed"
for dst in small fixed; do
  expect_requests $dst Write -eq 0
  expect_requests $dst Zero -eq 0
done
