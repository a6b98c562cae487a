#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# One worker and eight copy the same disk, with one connection each.

. "${srcdir:-.}/functions.sh"
requires_plugin file

for n in 1 8; do
  make_disks 64
  serve_logged "src$n" -r file "$tmp/disk"
  serve_logged "dst$n" file "$tmp/copy"
  src=src$n dst=dst$n
  copy_ok -T $n -C $n "${!src}" "${!dst}"
  expect_identical "$tmp/disk" "$tmp/copy"
  expect_requests "src$n" Connect -eq $n
  expect_requests "dst$n" Connect -eq $n
done
