#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A real systemd runs the unit.  The service is active when the list is checked.
# It starts again after kill -9, when nothing moves, and when a server is lost;
# it does not start again after exit status 2, and stops in an orderly way.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/systemd.sh"

make_disks 16
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_nbdkit src "${held[@]}"
serve_dst ()
{
  truncate -s 16M "$tmp/night.copy"
  serve_nbdkit dst file "$tmp/night.copy"
}
serve_dst
start_systemd RestartSec=100ms

# make_list NAME DESTINATION
make_list ()
{
  cat > "$tmp/lists/$1.json" <<END
[ { "disk": "web", "source": "$src", "destination": "$2",
    "map": "$tmp/$1.map", "retries": 0 } ]
END
  echo 'OPTIONS=--interval=0.1' > "$tmp/lists/$1.conf"
}

start ()
{
  service_manager start "stripecopy@$1" > "$output" 2> "$errors" ||
    fail "not started: $(service_status "$1")"
}

copies_since ()
{
  property_is night StatusText '0 of 1 disks are done, 1 running*' &&
    ! property_is night MainPID "$1"
}

# Two services, whose reads are not answered yet; one has a watchdog.
make_list stalled "$tmp/stalled.copy"
mkdir "$tmp/units/stripecopy@stalled.service.d"
printf '%s\n' '[Service]' WatchdogSec=5 \
       > "$tmp/units/stripecopy@stalled.service.d/watchdog.conf"
start stalled
make_list night "$dst"
start night
expect_property night ActiveState active
wait_until copies_since 0

first=$(property night MainPID)
kill -KILL "$first"
wait_until copies_since "$first"
expect_property night NRestarts 1

service_manager stop stripecopy@night
expect_property night ActiveState inactive
expect_property night Result success

start night
wait_until copies_since 0
stop_server dst KILL
wait_until property_is night NRestarts '[1-9]*'
serve_dst

wait_until property_is stalled NRestarts '[1-9]*'

# In the end all of them are done.
open_gate "$tmp/gate"
for list in night stalled; do
  wait_until property_is $list ActiveState inactive
  expect_property $list Result success
  expect_identical "$tmp/disk" "$tmp/$list.copy"
done

# After 2, only a person can help.
echo '[ { "disk": "web" } ]' > "$tmp/lists/wrong.json"
! service_manager start stripecopy@wrong 2> "$errors" ||
  fail "a wrong list was accepted"
expect_property wrong ActiveState failed
expect_property wrong ExecMainStatus 2
expect_property wrong NRestarts 0
expect_property wrong StatusText "*copy 1: 'source' is missing"
