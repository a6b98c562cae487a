#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copying a disk onto itself is refused before anything is written.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 1M
serve_logged dst file "$tmp/disk"
copy_fails 2 \
  '^stripecopy: .*same disk as the source \(allowed with --allow-same-disk\)$' \
  "$dst" "$dst"
expect_requests dst Write -eq 0
expect_requests dst Zero -eq 0
