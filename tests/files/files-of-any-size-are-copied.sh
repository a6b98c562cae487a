#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files of any size are copied to servers, from servers, and to files.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

sizes="0 1 513 65537 4198401"
# shellcheck disable=SC2086
make_sizes $sizes
serve_nbdkit src -r file dir="$tmp/from"
serve_nbdkit dst file dir="$tmp/to"

for size in $sizes; do
  for name in "$size" "hole$size"; do
    from=$tmp/from/$name to=$tmp/to/$name
    copy_ok "$from" "$to"
    expect_identical "$from" "$to"
    make_ones "$to" "$size"
    copy_ok "$from" "${dst/'?'/"$name?"}"
    expect_identical "$from" "$to"
    make_ones "$to" 100
    copy_ok "${src/'?'/"$name?"}" "$to"
    expect_identical "$from" "$to"
    copy_ok "$from" null:
  done
done
