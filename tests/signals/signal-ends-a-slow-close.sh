#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The copy waits for a server that takes long to exit, until a signal comes.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory
requires_plugin eval

make_gate "$tmp/gate"           # it never opens
start_copy -p [ nbdkit memory 1M ] \
           [ nbdkit eval get_size='echo 1048576' pwrite='cat > /dev/null' \
                    unload="echo \$tmpdir > '$tmp/told'; : < '$tmp/gate'" ]
wait_until test -s "$tmp/told"
grep -q copied "$errors" || fail "the summary was not printed"
pause 1
! copy_has_ended || fail "the copy did not wait"
before=$EPOCHREALTIME
kill -TERM "$copy_pid"
wait_copy
[ $code -eq 143 ] || fail "exit status $code"
# Without a signal, the copy would wait 30 s.
[ $((${EPOCHREALTIME/./} - ${before/./})) -lt 25000000 ] ||
  fail "the copy waited in spite of the signal"
expect_no_leftovers
# Removes the files that nbdkit would remove.
[[ $(< "$tmp/told") != /tmp/nbdkit?????? ]] || rm -r "$(< "$tmp/told")"
