#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Servers are reached by TCP, by name and by number, and by abstract sockets,
# with several connections.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter log delay

make_disks 8
# The destination gets connections of the same kind as the source.
copy_between ()
{
  make_ones "$tmp/copy" 8M
  : > "$tmp/$3.requests"
  copy_ok -C 3 -T 3 --request-size=256k "$1" "$2"
  expect_identical "$tmp/disk" "$tmp/copy"
  expect_requests "$3" Connect -gt 1
}

# So slow that the other workers get some work.
slow_destination ()
{
  serve_at "$1" "$2" --filter=log --filter=delay file "$tmp/copy" \
           delay-write=20ms delay-zero=20ms logfile="$tmp/$1.requests" \
           logappend=true
}

serve_at src4 tcp4 -r file "$tmp/disk"
slow_destination dst4 tcp4
copy_between "nbd://127.0.0.1:$src4_port" "nbd://localhost:$dst4_port/" \
             dst4
copy_between "NBD://LOCALHOST:$src4_port/" "nbd://127.0.0.1:$dst4_port/x" \
             dst4
copy_fails 2 'destination .*same disk' "nbd://127.0.0.1:$dst4_port" \
           "nbd://localhost:$dst4_port"

serve_at abstract_src abstract -r file "$tmp/disk"
slow_destination abstract_dst abstract
socket=socket=%00$tmp/abstract
copy_between "nbd+unix:///?${socket}_src" "nbd+unix:///x%20y?${socket}_dst" \
             abstract_dst
copy_fails 2 'destination .*same disk' "nbd+unix:///?${socket}_dst" \
           "nbd+unix:///?${socket}_dst"
copy_fails 1 'source .*abstract socket with TLS' \
           "nbds+unix:///?${socket}_src" null:
copy_fails 1 'source .*Connection refused' "nbd+unix:///?${socket}_none" null:

if [ "$(cat /proc/sys/net/ipv6/conf/lo/disable_ipv6 2> /dev/null)" = 0 ]; then
  serve_at src6 tcp6 -r file "$tmp/disk"
  copy_between "nbd://[::1]:$src6_port/" "nbd://localhost:$dst4_port" dst4
else
  echo "left out: this machine has no IPv6"
fi
