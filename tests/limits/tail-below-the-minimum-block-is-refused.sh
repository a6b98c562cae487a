#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk that cannot be written in whole blocks is refused before anything is
# written.

. "$(dirname "$0")/../lib/test.sh"
requires_filter blocksize-policy
requires_plugin file

make_data "$tmp/disk" 66536
make_ones "$tmp/copy" 131072
cp "$tmp/copy" "$tmp/before"
serve_nbdkit src -r file "$tmp/disk"
serve_logged dst --filter=blocksize-policy file "$tmp/copy" \
             blocksize-minimum=64k \
             blocksize-preferred=64k blocksize-error-policy=error

copy_fails 2 '^stripecopy: .*(block|align|multiple)' "$src" "$dst"
expect_requests dst Write -eq 0
expect_requests dst Zero -eq 0
expect_identical "$tmp/before" "$tmp/copy"
