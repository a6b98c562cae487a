#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy that is stopped (SIGSTOP, Ctrl-Z) for longer than --stall-timeout or
# --open-timeout continues afterwards, because the servers were not silent.

. "$(dirname "$0")/../lib/test.sh"
requires_filter log
requires_plugin file
requires_plugin eval

patience=$((5 * factor))

# Stops the copy for longer than it waits for a server.  Further arguments are a
# command that is run meanwhile.
stop_for_a_while ()
{
  kill -STOP "$copy_pid"
  "$@"
  pause $((patience + 2))
  kill -CONT "$copy_pid"
}

# Each reply is larger than what a socket holds, and so arrives in parts.  The
# first one begins while the copy is stopped.
make_data "$tmp/disk" 32M
make_ones "$tmp/copy" 32M
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_logged src -r "${held[@]}"
serve_nbdkit dst file "$tmp/copy"
start_copy -v -T 1 -R 1 --request-size=16M --queue-size=16M --retries=0 \
           --stall-timeout=$patience "$src" "$dst"
wait_until has_request src Read
stop_for_a_while open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code after a stop"
expect_error 'worker 0: this process was stopped: '
expect_identical "$tmp/disk" "$tmp/copy"

# During the first handshake: the server does not answer before the copy runs
# again.
mkfifo "$tmp/go"
serve_nbdkit late eval open="touch '$tmp/opening'; read -r x < '$tmp/go'" \
             get_size='echo 1048576' pread='head -c $3 /dev/zero'
start_copy -v -T 1 --retries=0 --open-timeout=$patience "$late" null:
wait_until test -e "$tmp/opening"
stop_for_a_while
pause 1
echo > "$tmp/go"
wait_copy
[ $code -eq 0 ] || fail "exit status $code after a stop during the handshake"
