#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SIGUSR1 while a side is still being opened does not end the copy.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

mkfifo "$tmp/go"
start_copy [ sh -c "echo up >&2; read -r x < '$tmp/go'
                    exec nbdkit memory 1M" ] null:
wait_until grep -q up "$errors"
kill -USR1 "$copy_pid"
echo > "$tmp/go"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
