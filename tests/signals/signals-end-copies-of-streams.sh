#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A signal ends a copy whose stream is not read, written or even opened at the
# other end.  Waiting for a FIFO to be opened has a limit.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

mkfifo "$tmp/lonely" "$tmp/full" "$tmp/empty"
# shellcheck disable=SC2034          # they are only kept open
exec {full}<> "$tmp/full" {empty}<> "$tmp/empty"
serve_logged src -r memory 64M

# interrupted HOW EVENT...: ends the copy after the event.
interrupted ()
{
  local how=$1
  wait_until "${@:2}"
  kill -INT "$copy_pid"
  wait_copy
  expect_no_leftovers
  [ $code -eq 130 ] || fail "$how: exit status $code after SIGINT"
}

window_is_full ()
{
  [ "$(grep -c 'read completed' "$errors")" -ge 4 ]
}

has_opened_fifo ()
{
  [ -n "$(find "/proc/$copy_pid/fd" -lname "$tmp/lonely" 2> /dev/null)" ]
}

has_begun ()
{
  grep -q 'worker 0: start' "$errors"
}

make_data "$tmp/disk" 8M
start_stream -v "$tmp/disk" - > "$tmp/full"
interrupted 'no reader' window_is_full
expect_error '^stripecopy: ended by signal 2 .*copied .* of 8.0 MiB'

start_stream -v - "$tmp/copy" < "$tmp/empty"
interrupted 'no writer' has_begun
expect_error '^stripecopy: ended by signal 2 .*copied 0 B in'

# Only the signal ends these copies.
start_copy --open-timeout=86400 "$tmp/lonely" null:
interrupted 'not opened for writing' has_opened_fifo
start_copy --open-timeout=86400 "$src" "$tmp/lonely"
interrupted 'not opened for reading' has_request src Connect
copy_fails 1 '^stripecopy: destination .*lonely: its other end was not opened' \
           --open-timeout=$((3 * factor)) "$src" "$tmp/lonely"
