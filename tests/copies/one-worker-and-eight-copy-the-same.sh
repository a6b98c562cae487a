#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# One worker and eight copy the same disk, with one connection each.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

both_have () { has_connections "src$1" "$1" && has_connections "dst$1" "$1"; }

for n in 1 8; do
  make_disks 64
  hold_reads_at "$tmp/disk" "$tmp/gate$n"
  open_gate_when "$tmp/gate$n" both_have $n
  serve_logged "src$n" -r "${held[@]}"
  serve_logged "dst$n" file "$tmp/copy"
  src=src$n dst=dst$n
  copy_ok -T $n -C $n "${!src}" "${!dst}"
  expect_identical "$tmp/disk" "$tmp/copy"
  expect_requests "src$n" Connect -eq $n
  expect_requests "dst$n" Connect -eq $n
done
