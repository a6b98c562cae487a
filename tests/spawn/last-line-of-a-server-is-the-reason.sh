#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The last line that a server printed before it failed is the reason: on
# standard error, in the report and in the events.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval
requires_plugin curl
requires_schemas

# server LINE...: makes a script that is a server.
server ()
{
  printf '%s\n' '#!/bin/sh' "$@" > "$tmp/server"
  chmod +x "$tmp/server"
}

# said REASON SOURCE DESTINATION: expects REASON as part of the error.
said ()
{
  local reason=$1
  shift
  rm -f "$tmp/events"
  copy_fails 1 "^stripecopy: .*$reason" --retries=0 \
             --report="$tmp/report" --events="$tmp/events" "$@"
  reason=${reason##*.\*} reason=${reason%$}
  expect_report "'$reason' in r['error']['message']"
  expect_events "'$reason' in e[-1]['error']['message']"
}
make_data "$tmp/disk" 1M

# The server does not start, or refuses its first client.
server 'echo I am too tired >&2' 'exit 1'
said 'I am too tired' [ "$tmp/server" ] null:
server 'printf "no end of line" >&2' 'exit 1'
said 'no end of line' "$tmp/disk" [ "$tmp/server" ]
mkdir "$tmp/site"
serve_web web "$tmp/site"
said 404 --source-format=raw "$web/none" null:

# A message that the client disconnected does not replace an earlier reason: the
# copy disconnects after each failure.
server 'echo no paper >&2' \
       'echo "nbdkit: read request: Connection reset by peer" >&2' 'exit 1'
said 'no paper$' [ "$tmp/server" ] null:

# The server fails during the copy.  Its output at the start is not the reason.
server 'echo welcome >&2' 'exec nbdkit "$@"'
said 'the disk is on fire' "$tmp/disk" \
     [ "$tmp/server" eval get_size='echo 1M' can_write='exit 0' \
       pwrite='cat > /dev/null; echo the disk is on fire >&2; exit 1' ]
expect_error '^welcome$'
expect_no_error '^stripecopy:.*welcome'
server "sh -c 'LISTEN_PID=\$\$ exec nbdkit \"\$@\"' sh \"\$@\"" \
       'echo it died of old age >&2' 'exit 1'
# nbdkit does not remove its folder if it is killed, so the script does.
# shellcheck disable=SC2016
said 'died of old age' \
     [ "$tmp/server" eval get_size='echo 1M' \
       pread=": > '$tmp/killed';"' rm -r "$tmpdir"; kill -KILL $PPID' ] null:
[ -e "$tmp/killed" ] || fail "nothing was read"

# The server fails when it exits.
server 'trap "wait; echo the lid is stuck >&2; exit 4" TERM' \
       "sh -c 'LISTEN_PID=\$\$ exec nbdkit \"\$@\"' sh \"\$@\" &" 'wait' 'wait'
said 'failed on shutdown: .*the lid is stuck' "$tmp/disk" [ "$tmp/server" memory 1M ]
