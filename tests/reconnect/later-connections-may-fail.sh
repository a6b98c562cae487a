#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a later connection is closed, refused or never answered, the copy goes on
# with fewer workers.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

n=0
for mode in connect-closed go-refused connect-silent; do
  make_disks
  n=$((n + 1)) src=src$n dst=dst$n
  serve_faulty $src --mode=$mode --after=1 "$tmp/disk"
  serve_nbdkit $dst file "$tmp/copy"
  copy_ok -T 4 -C 4 "${!src}" "${!dst}"
  expect_identical "$tmp/disk" "$tmp/copy"
  expect_fired $src
done
