#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Three hosts, each with a network of its own to the server, share a list by a
# folder of maps; one of them loses its power.  The others do all disks, and
# each of them only once.  --part divides the same list.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/hosts.sh"
requires_schemas
requires_bare_binary "reports of killed copies are not checked"
requires ip nsenter unshare ps
requires_plugin file

# A network namespace ends with its process, and its links with it.
make_network ()
{
  unshare -n sleep infinity 2> "$tmp/unshare.log" &
  servers+=($!)
  network=$!
  wait_until eval "! kill -0 $network 2> '$tmp/wait' ||
    [ \$(readlink /proc/$network/ns/net) != \$(readlink /proc/self/ns/net) ]"
  kill -0 $network 2> "$tmp/wait" ||
    skip "network namespaces cannot be made on this machine"
}

inside () { nsenter --net="/proc/$1/ns/net" "${@:2}"; }

make_network
server=$network
inside $server ip link set lo up || skip "networks cannot be set up here"
inside $server ip address add 10.77.0.1/32 dev lo
hosts=()
for host in 1 2 3; do
  make_network
  hosts[host]=$network
  inside $server ip link add "to$host" type veth peer name net0 netns $network ||
    skip "networks cannot be linked on this machine"
  inside $server ip link set "to$host" up
  inside $network ip link set net0 up
  inside $network ip address add 10.77.0.1$host/32 dev net0
  inside $network ip route add 10.77.0.1/32 dev net0
  inside $server ip route add 10.77.0.1$host/32 dev "to$host"
done

list_disks 4 "nbd://10.77.0.1/EXPORT"
inside $server nbdkit -f --exit-with-parent -P "$tmp/nbdkit.pid" \
       -i 10.77.0.1 -r file dir="$tmp/from" 2> "$tmp/nbdkit.log" &
servers+=($!)
wait_until has_pid "$tmp/nbdkit.pid"

for host in 1 2 3; do
  start_host $host nsenter --net="/proc/${hosts[host]}/ns/net"
done
lose_host_1
expect_once 4 2 3

# The same list in two parts.
rm "$tmp/maps/"*
for host in 2 3; do
  wrapper=(nsenter --net="/proc/${hosts[host]}/ns/net")
  copy_ok --manifest="$tmp/manifest" --part=$((host - 1))/2 \
          --report="$tmp/report$host"
  expect_error '^stripecopy: 2 of 2 disks are done$'
done
cat "$tmp/report2" "$tmp/report3" > "$tmp/reports"
for i in 1 2 3 4; do
  [ "$(grep -cE "\"disk\": *\"$i\"" "$tmp/reports")" -eq 1 ] ||
    fail "disk $i is not in one part"
done
