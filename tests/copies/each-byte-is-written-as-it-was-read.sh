#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination that knows the disk checks each write and each zero request.

. "$(dirname "$0")/../lib/test.sh"
requires_filter checkwrite
requires_plugin file

make_disks
serve_nbdkit src -r file "$tmp/disk"
serve_logged check --filter=checkwrite file "$tmp/disk"
for how in auto no; do
  copy_ok -T 4 -C 4 --destination-is-zero=$how "$src" "$check"
done
copy_ok -T 4 -C 4 --no-extents "$src" "$check"
expect_requests check Write -ge 1
expect_requests check Zero -ge 1

# The check works: other data is refused.
serve_nbdkit other --filter=checkwrite file "$tmp/copy"
copy_fails 1 '^stripecopy: destination ' --retry-wait=0.01 "$src" "$other"
