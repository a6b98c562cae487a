#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ranges that read as zeroes already are not written: the destination is asked
# by default, =yes is believed, and =no zeroes everything.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 32
serve_nbdkit src -r file "$tmp/disk"

# Copies to a fresh disk with these options, and shows its requests.
copy_to_fresh ()
{
  n=$((${n:-0} + 1)) dst=dst$n
  rm -f "$tmp/copy"
  truncate -s 32M "$tmp/copy"
  serve_logged $dst file "$tmp/copy"
  copy_ok "$@" "$src" "${!dst}"
  expect_identical "$tmp/disk" "$tmp/copy"
}

for option in "" --destination-is-zero=auto --target-is-zero=auto; do
  copy_to_fresh $option
  expect_requests $dst Zero -eq 0
  expect_requests $dst Extents -ge 1
done
for option in --destination-is-zero=yes --destination-is-zero --target-is-zero
do
  copy_to_fresh $option
  expect_requests $dst Zero -eq 0
  expect_requests $dst Extents -eq 0
done
copy_to_fresh --destination-is-zero=no
expect_requests $dst Zero -ge 1
expect_requests $dst Extents -eq 0
