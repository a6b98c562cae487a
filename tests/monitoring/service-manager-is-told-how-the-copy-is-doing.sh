#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A service manager's socket gets READY when both sides are open, the status,
# WATCHDOG while bytes move, and STOPPING with more time while the last flush
# runs.  No child inherits the socket.

. "$(dirname "$0")/../lib/test.sh"
requires python3
requires_plugin eval
requires_filter delay

# Receives messages: each is a line of $tmp/told.
cat > "$tmp/manager.py" << 'END'
import socket, sys
name = sys.argv[1]
s = socket.socket (socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind ("\0" + name[1:] if name[0] == "@" else name)
open (sys.argv[3], "w").close ()
with open (sys.argv[2], "a", buffering = 1) as told:
    while True:
        told.write (s.recv (4096).decode ().replace ("\n", " ") + "\n")
END

# Starts a manager at an address, for the copies from now on.
listen ()
{
  export NOTIFY_SOCKET=$1
  rm -f "$tmp/told" "$tmp/listens"
  python3 "$tmp/manager.py" "$1" "$tmp/told" "$tmp/listens" &
  servers+=($!)
  wait_until test -e "$tmp/listens"
}

told () { grep -qE -e "^$1\$" "$tmp/told"; }

expect_told ()
{
  local copy_pid=
  wait_until test -s "$tmp/told"
  told "$1" || fail "not told: $1: $(< "$tmp/told")"
}

make_disks 16

# A copy that is done.
listen "$tmp/notify"
copy_ok "$tmp/disk" "$tmp/copy"
wait_until told 'STATUS=done'
[ "$(head -n 1 "$tmp/told")" = READY=1 ] || fail "READY is not first"
expect_told STOPPING=1
expect_told 'STATUS=(copying|flushing): [0-9]+ %, .*'

# One that fails before it begins is never ready.  The socket is abstract.
listen "@stripecopy-test-$$"
copy_fails 1 'No such file' "$tmp/missing" "$tmp/copy"
wait_until told 'STATUS=source .*: No such file or directory'
! told READY=1 || fail "it was ready without a source"

# systemd shows no status that is not UTF-8.
listen "$tmp/notify6"
copy_fails 1 'No such file' "$tmp/missing"$'\xff' "$tmp/copy"
wait_until told 'STATUS=source .*/missing�: .*: No such file or directory'

# Only a moving copy tells the watchdog: a copy whose reads are held has told it
# for its start, and continues once they are answered.  It counts as moving
# for a quarter of the watchdog's time, and on a slow machine it starts slowly.
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_nbdkit src "${held[@]}"
listen "$tmp/notify2"
export WATCHDOG_USEC=240000000
unset WATCHDOG_PID
start_copy --interval=0.1 "$src" "$tmp/copy"
wait_until told 'STATUS=copying: 0 %, .*'
wait_until told WATCHDOG=1
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
unset WATCHDOG_USEC

# After a signal it asks for more time, as long as the last flush takes.  Its
# servers do not inherit the socket.
make_gate "$tmp/flushing"
listen "$tmp/notify3"
start_copy --interval=0.1 -T 1 -C 1 "$tmp/disk" \
           [ nbdkit eval get_size='echo 16777216' can_flush='exit 0' \
             can_write='exit 0' pread='exit 1' pwrite='cat > /dev/null' \
             flush="env > '$tmp/environment'; : < '$tmp/flushing'" ]
wait_until test -s "$tmp/environment"
kill -TERM "$copy_pid"
wait_until told 'STOPPING=1'
wait_until told 'EXTEND_TIMEOUT_USEC=[0-9]+'
wait_until told 'STATUS=ending, flushing: .*'
open_gate "$tmp/flushing"
wait_copy
[ $code -eq 0 ] || fail "exit status $code" # all was copied, and is flushed
wait_until told 'STATUS=done'
! grep -qE '^(NOTIFY_SOCKET|WATCHDOG_)' "$tmp/environment" ||
  fail "a server inherits the socket"

# A list of disks is ready when it is checked, and tells about all of them.  The
# processes of the copies do not speak for it.
listen "$tmp/notify4"
cat > "$tmp/disks.json" << END
[ { "disk": "a", "source": "$tmp/disk", "destination": "null:" },
  { "disk": "b", "source": "$tmp/disk", "destination": "null:" } ]
END
copy_ok --manifest="$tmp/disks.json" --interval=0.1
wait_until told 'STATUS=2 of 2 disks are done'
[ "$(head -n 1 "$tmp/told")" = READY=1 ] || fail "READY is not first"
[ "$(grep -c READY "$tmp/told")" -eq 1 ] || fail "a copy spoke for the list"
expect_told 'STATUS=[01] of 2 disks are done, [0-9] running, .* failed: [0-9]+ %, .*'
expect_told STOPPING=1

# While all disks wait for another attempt, nothing can hang.
echo "[ { \"disk\": \"a\", \"source\": \"nbd+unix:///?socket=$tmp/none\",
          \"destination\": \"null:\" } ]" > "$tmp/disks.json"
listen "$tmp/notify7"
export WATCHDOG_USEC=400000
start_copy --manifest="$tmp/disks.json" --attempts=2 --attempt-wait=3600 \
           --interval=0.1
unset WATCHDOG_USEC
waiting='STATUS=0 of 1 disks are done, 0 running, 1 waiting, 0 failed: .*'
wait_until told "$waiting"
told_since ()
{
  sed -E "1,/^$waiting\$/d" "$tmp/told" | grep -c WATCHDOG=1 | grep -q '[3-9]'
}
wait_until told_since
kill -TERM "$copy_pid"
wait_copy

listen "$tmp/notify5"
echo '[ { "disk": "a" } ]' > "$tmp/disks.json"
copy_fails 2 'is missing' --manifest="$tmp/disks.json"
wait_until told "STATUS=.*/disks.json: copy 1: 'source' is missing"
! told READY=1 || fail "a wrong list was ready"

# A manager that is gone holds nothing up.
export NOTIFY_SOCKET=$tmp/nobody
copy_ok "$tmp/disk" "$tmp/copy"
