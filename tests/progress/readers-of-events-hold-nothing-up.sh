#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Events do not stop the copy if the pipe is full, if no reader opens it, or if
# the reader closes it.  All lines are whole, and gaps in seq show the dropped
# ones.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file
requires_filter delay

make_disks 16
serve_nbdkit slow --filter=delay -r file "$tmp/disk" delay-read=100ms
slowly=(-T 1 -R 1 --request-size=128k --interval=0.1)

# A FIFO without a reader.
mkfifo "$tmp/fifo"
copy_ok --events="$tmp/fifo" "$tmp/disk" "$tmp/new"
expect_identical "$tmp/disk" "$tmp/new"

# A FIFO whose reader comes while the copy runs.
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_nbdkit held_src -r "${held[@]}"
start_copy --events="$tmp/fifo" --interval=0.1 "$held_src" null:
timeout "$limit" cat "$tmp/fifo" > "$tmp/events" &
reader=$!
wait_until test -s "$tmp/events"
open_gate "$tmp/gate"
wait_copy
wait "$reader"
[ $code -eq 0 ] || fail "exit status $code"
expect_events "e[0]['ev'] == 'start' and e[-1]['ev'] == 'end'"

# Both of these have room for some of the events, and are read at the end.  The
# pipe has so little room that the plan does not fit, but a later event does.
cat > "$tmp/unread.py" << 'END'
import fcntl, os, socket, subprocess, sys
if sys.argv[1] == "pipe":
    reader, writer = os.pipe ()
    fcntl.fcntl (writer, 1031, 4096)            # F_SETPIPE_SZ
    os.write (writer, b"x" * 3000)
else:
    pair = socket.socketpair ()
    pair[1].setsockopt (socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    reader, writer = pair[0].fileno (), pair[1].fileno ()
status = subprocess.call (
    [sys.argv[3]] + ["--events=%d" % writer] + sys.argv[4:],
    pass_fds=[writer], stdin=subprocess.DEVNULL)
os.close (writer)
text = b""
while True:
    some = os.read (reader, 65536)
    if not some:
        break
    text += some
with open (sys.argv[2], "wb") as f:
    f.write (text.lstrip (b"x"))
os._exit (status)
END
for kind in pipe socket; do
  timeout "$limit" python3 "$tmp/unread.py" $kind "$tmp/events" \
          "$stripecopy" --status-file="$tmp/status" "${slowly[@]}" \
          "$slow" null: 2> "$errors" || fail "$kind: exit status $?"
  last=$(sed 's/.*"seq":\([0-9]*\).*/\1/' "$tmp/status")
  expect_events "e[0]['ev'] == 'start'" "2 <= len (e) < $last + 1"
  [ $kind = socket ] || expect_events "e[-1]['seq'] > len (e) - 1"
done

# A reader that closes the pipe after one line does not affect other outputs.
make_ones "$tmp/new" 16M
{ code=0
  timeout "$limit" "${wrapper[@]}" "$stripecopy" --events=3 \
          --report="$tmp/report" "${slowly[@]}" "$slow" "$tmp/new" \
          3>&1 < /dev/null 2> "$errors" || code=$?
  echo $code > "$tmp/code"; } | head -n 1 > "$tmp/first"
[ "$(< "$tmp/code")" -eq 0 ] || fail "exit status $(< "$tmp/code")"
expect_identical "$tmp/disk" "$tmp/new"
expect_json events "$tmp/first" "e[0]['ev'] == 'start'"
expect_report "r['status'] == 'ok'"

# A descriptor that is not open, or is for reading, is refused.
copy_fails 2 '--events=9: Bad file' --events=9 "$slow" null:
copy_fails 2 '--events=9: Bad file' --events=9 "$slow" null: 9< /dev/null
