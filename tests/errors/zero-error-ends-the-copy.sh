#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A zero request that fails permanently, and not because it is unsupported, is
# an error.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

make_ones "$tmp/copy" 16M
serve_nbdkit src memory 16M
serve_faulty dst --mode=zero-error "$tmp/copy"
copy_fails 1 '^stripecopy: destination .*zero.* offset [0-9]+ length [0-9]+: Input/output error$' \
           --retries=0 "$src" "$dst"
expect_fired dst
