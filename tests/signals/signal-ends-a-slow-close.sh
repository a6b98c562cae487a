#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that takes long to end is given time, until a signal comes.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory
requires_plugin eval

make_gate "$tmp/gate"           # it never opens
start_copy -p [ nbdkit memory 1M ] \
           [ nbdkit eval get_size='echo 1048576' pwrite='cat > /dev/null' \
                    unload="echo \$tmpdir > '$tmp/told'; : < '$tmp/gate'" ]
wait_until test -s "$tmp/told"
grep -q copied "$errors" || fail "it ended before the copy did"
pause 1
! copy_has_ended || fail "it was given no time"
before=$EPOCHREALTIME
kill -TERM "$copy_pid"
wait_copy
[ $code -eq 143 ] || fail "exit status $code"
# Without a signal, it would have been given 30 s.
[ $((${EPOCHREALTIME/./} - ${before/./})) -lt 25000000 ] ||
  fail "it took its time"
expect_no_leftovers
# What nbdkit would have removed itself.
[[ $(< "$tmp/told") != /tmp/nbdkit?????? ]] || rm -r "$(< "$tmp/told")"
