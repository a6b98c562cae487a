#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server may execute a write of a lost connection after the new connection has
# written the same range.  The copy is still correct.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 32
make_ones "$tmp/copy" 32M
serve_nbdkit src -r file "$tmp/disk"
serve_faulty dst --mode=late-write --after=6 --times=4 "$tmp/copy"
copy_ok -C 4 -T 4 --request-size=128k --retry-wait=0.01 "$src" "$dst"
grep -q '^late-write-executed ' "$tmp/dst.fired" || fail "no write came late"
expect_identical "$tmp/disk" "$tmp/copy"
