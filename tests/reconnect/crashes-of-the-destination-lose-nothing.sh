#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination that crashes repeatedly, and loses its unflushed writes each
# time, holds the whole disk in the end.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter delay

make_islands "$tmp/disk" 128
make_ones "$tmp/copy" 128M
# The source is so slow that workers are nearly always connected before the
# first crash; a crash while a worker connects ends that worker only.
serve_nbdkit src -r --filter=delay file "$tmp/disk" rdelay=30ms
serve_faulty dst --mode=crash --after=8 --times=20 "$tmp/copy"
copy_ok -v -C 4 -T 4 --request-size=128k --retry-wait=0.01 \
        --retries=20 "$src" "$dst"
[ "$(grep -c '^crash' "$tmp/dst.fired")" -eq 20 ] || fail "not twenty crashes"
expect_error '^stripecopy: copied .* with [1-4] workers?: .* copied again$'
expect_identical "$tmp/disk" "$tmp/copy"
