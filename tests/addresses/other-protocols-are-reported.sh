#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server of another protocol at an address is reported clearly and at once, on
# either side.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 1M
serve_faulty other --mode=greeting "$tmp/disk"
copy_fails 1 '^stripecopy: source nbd.*: cannot connect: .*magic' \
           "$other" null:
expect_fired other
: > "$tmp/other.fired"
copy_fails 1 '^stripecopy: destination nbd.*: cannot connect: .*magic' \
           "$tmp/disk" "$other"
expect_fired other
