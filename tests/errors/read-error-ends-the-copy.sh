#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A failed read: exit status 1, and the message says where.

. "$(dirname "$0")/../lib/test.sh"
requires_filter error
requires_plugin memory

make_data "$tmp/disk" 16M
serve_faulty src --mode=read-error --offset=5555555 "$tmp/disk"
serve_nbdkit dst memory 16M
copy_fails 1 '^stripecopy: source .*read.* offset [0-9]+ length [0-9]+: Input/output error$' \
           --retries=0 "$src" "$dst"
expect_fired src
expect_error_at 5555555

copy_fails 1 '^stripecopy: source .*: No space left on device: .*injecting ENOSPC' \
           [ nbdkit --filter=error memory 16M error=ENOSPC \
                    error-pread-rate=1 ] "$dst" --no-extents
