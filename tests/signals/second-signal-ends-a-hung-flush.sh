#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# After one signal the copy waits for a flush that never ends, but not after a
# second one.  A late reply of the server does no harm.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

mkfifo "$tmp/hang"
serve_nbdkit src memory 1M
serve_nbdkit dst eval get_size='echo 1048576' \
             pread='head -c $3 /dev/zero' pwrite='cat > /dev/null' \
             can_flush='exit 0' \
             flush="echo > '$tmp/flushing'; read -r x < '$tmp/hang'"
start_copy --destination-is-zero=no "$src" "$dst"
wait_until test -s "$tmp/flushing"
before=$EPOCHREALTIME
kill -INT "$copy_pid"
wait_until signal_is_taken
pause 0.5
expect_still_running 20 "$before"       # it waits so long for the flush
until copy_has_ended; do
  kill -INT "$copy_pid" 2> /dev/null || :
  pause 0.05
done
wait_copy
echo > "$tmp/hang"              # the server would wait for it as well
[ $code -eq 130 ] || fail "exit status $code after two signals"
expect_error '^stripecopy: ended by signal 2'
expect_no_error '100%'
