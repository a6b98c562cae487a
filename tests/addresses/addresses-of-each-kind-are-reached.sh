#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Servers are reached by TCP, by name and by number, and by abstract sockets,
# with several connections.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter log

make_disks 8

# serve_destination NAME KIND
serve_destination ()
{
  serve_at "$1" "$2" --filter=log file "$tmp/copy" logappend=true \
           logfile="$tmp/$1.requests"
}

# serve_source NAME KIND DESTINATION: its reads are answered once the
# destination has got three connections.
serve_source ()
{
  hold_reads "$tmp/disk" "$3" 3
  serve_at "$1" "$2" -r "${held[@]}"
}

# copy_between SOURCE DESTINATION NAME: to the destination of this name.
copy_between ()
{
  make_ones "$tmp/copy" 8M
  copy_ok -C 3 -T 3 --request-size=256k "$1" "$2"
  expect_identical "$tmp/disk" "$tmp/copy"
  expect_requests "$3" Connect -eq 3
}

serve_destination dst4 tcp4
serve_source src4 tcp4 dst4
copy_between "nbd://127.0.0.1:$src4_port" "nbd://localhost:$dst4_port/" dst4

serve_destination host tcp4
serve_source upper tcp4 host
copy_between "NBD://LOCALHOST:$upper_port/" "nbd://127.0.0.1:$host_port/x" host
copy_fails 2 'destination .*same disk' "nbd://127.0.0.1:$dst4_port" \
           "nbd://localhost:$dst4_port"

serve_destination abstract_dst abstract
serve_source abstract_src abstract abstract_dst
socket=socket=%00$tmp/abstract
copy_between "nbd+unix:///?${socket}_src" "nbd+unix:///x%20y?${socket}_dst" \
             abstract_dst
copy_fails 2 'destination .*same disk' "nbd+unix:///?${socket}_dst" \
           "nbd+unix:///?${socket}_dst"
copy_fails 1 'source .*abstract socket with TLS' \
           "nbds+unix:///?${socket}_src" null:
copy_fails 1 'source .*Connection refused' "nbd+unix:///?${socket}_none" null:

if [ "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6 2> /dev/null)" = 0 ]; then
  serve_destination dst6 tcp4
  serve_source src6 tcp6 dst6
  copy_between "nbd://[::1]:$src6_port/" "nbd://localhost:$dst6_port" dst6
else
  echo "left out: this machine has no IPv6"
fi
