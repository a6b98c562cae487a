#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With io_uring, a worker starts several reads and writes at once.

. "$(dirname "$0")/../lib/test.sh"
requires strace
requires_bare_binary "strace cannot watch"
strace -o "$tmp/strace.out" true 2> "$errors" || skip "strace cannot trace"
requires_uring

make_data "$tmp/disk" 32M
wrapper=(strace -f -o "$tmp/strace.out" -e trace=io_uring_enter)
copy_ok -T 1 "$tmp/disk" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
most=$(sed -n 's/.* io_uring_enter([0-9]*, \([0-9]*\), .*/\1/p' \
           "$tmp/strace.out" | sort -n | tail -n 1)
[ "${most:-0}" -ge 4 ] || fail "only ${most:-0} at a time"
