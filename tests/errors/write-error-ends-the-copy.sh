#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A failed write: exit status 1, and the message says where.

. "$(dirname "$0")/../lib/test.sh"
requires_filter error
requires_plugin file

make_data "$tmp/disk" 16M
make_ones "$tmp/copy" 16M
serve_nbdkit src -r file "$tmp/disk"
serve_faulty dst --mode=write-error --offset=5555555 "$tmp/copy"
copy_fails 1 '^stripecopy: destination .*write.* offset [0-9]+ length [0-9]+: Input/output error$' \
           --retries=0 "$src" "$dst"
expect_fired dst
expect_error_at 5555555

copy_fails 1 '^stripecopy: destination .*: No space left on device: .*injecting ENOSPC' \
           [ nbdkit -r file "$tmp/disk" ] \
           [ nbdkit --filter=error memory 16M error=ENOSPC error-pwrite-rate=1 ]
