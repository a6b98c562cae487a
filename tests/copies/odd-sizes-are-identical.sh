#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk may end at any byte.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

sizes="1 511 512 513 4095 4097 65537 1048577 4198401"
# shellcheck disable=SC2086
make_sizes $sizes
for size in $sizes; do
  make_ones "$tmp/to/$size" "$size"
  make_ones "$tmp/to/hole$size" "$size"
done
serve_nbdkit src -r file dir="$tmp/from"
serve_nbdkit dst file dir="$tmp/to"

for size in $sizes; do
  for name in "$size" "hole$size"; do
    copy_ok "${src/'?'/"$name?"}" "${dst/'?'/"$name?"}"
    expect_identical "$tmp/from/$name" "$tmp/to/$name"
  done
done
