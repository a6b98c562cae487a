#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A failed flush fails the copy: exit status 1, and no 100 %.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
serve_nbdkit src -r file "$tmp/disk"
serve_faulty dst --mode=flush-error "$tmp/copy"
copy_fails 1 '^stripecopy: destination .*flush.*: Input/output error$' \
           -p --retries=0 "$src" "$dst"
expect_fired dst
expect_no_error '100%'
