#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Huge replies of a server do not make the copy take more memory, print more, or
# fail.

. "$(dirname "$0")/../lib/test.sh"
requires_bare_binary "memory cannot be measured"
requires_plugin file

make_islands "$tmp/disk" 16
ulimit -v $((768 * 1024))

# Four million extents in each of the first answers.
make_ones "$tmp/copy" 16M
serve_faulty src --mode=status-flood --times=20 "$tmp/disk"
serve_faulty dst --mode=status-flood --times=20 "$tmp/copy"
copy_ok -T 2 -C 2 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_fired src
expect_fired dst
stop_server src

# Each read fails with a message of 4 KiB, whose lines resemble those of
# stripecopy.
serve_faulty src --mode=read-text "$tmp/disk"
copy_fails 1 '^stripecopy: source .*read failed .*: Input/output error$' \
           --retries=3 --retry-wait=0 "$src" "$dst"
expect_fired src
expect_no_error 'all is well'
[ "$(wc -c < "$errors")" -lt 4096 ] || fail "too much is printed"
