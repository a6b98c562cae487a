#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Over TCP, the kernel sends keepalive probes while the copy waits for a reply
# that may take any time.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter delay

make_data "$tmp/disk" 1M
serve_at src tcp4 -r --filter=delay file "$tmp/disk" rdelay=86400
start_copy "nbd://127.0.0.1:$src_port" null:

# Returns true if a connection to the server's port has a keepalive timer.
is_asked ()
{
  local remote state timer
  while read -r _ _ remote state _ timer _; do
    if [ "${remote#*:}" = "$(printf %04X "$src_port")" ] &&
         [ "$state" = 01 ] && [ "${timer%%:*}" = 02 ]; then
      return 0
    fi
  done < /proc/net/tcp
  return 1
}
wait_until is_asked
kill -TERM "$copy_pid"
wait_copy
[ $code -eq 143 ] || fail "exit status $code"
