#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The report is written however the program ends, except if it is killed.  An
# old report is emptied at the start, so that it is not mistaken for a new one.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file
requires_filter delay

make_disks 16
serve_nbdkit src -r file "$tmp/disk"

# check STATUS: checks the exit status, and the status in the report.
check ()
{
  [ $code -eq "$1" ] || fail "exit status $code, not $1"
  expect_report "r['exit'] == $1"
}

# The report is the only output on standard output.
copy_ok -v -p --report=- "$src" null:
cp "$output" "$tmp/report"
check 0

# Usage errors after the option.
run_copy --report="$tmp/report" --request-size=5 "$src" null:
check 2
expect_report "'request-size' in r['error']['message']"
run_copy --report=- --events=nothing-there/x "$src" null:
cp "$output" "$tmp/report"
check 2

# In use: a device that is mounted, and one that another program holds.
truncate -s 16M "$tmp/held"
if can_make_device "$tmp/held"; then
  make_device device "$tmp/held"
  python3 -c 'import os, signal, sys
os.open (sys.argv[1], os.O_RDWR | os.O_EXCL)
open (sys.argv[2], "w").close ()
signal.pause ()' "$device" "$tmp/is-held" &
  servers+=($!)
  wait_until test -e "$tmp/is-held"
  run_copy --report="$tmp/report" "$src" "$device"
  check 5
fi

# An old report is removed at the start.
echo old > "$tmp/report"
for signal in INT TERM HUP; do
  serve_logged slow --filter=delay -r file "$tmp/disk" delay-read=60
  start_copy --report="$tmp/report" "$slow" null:
  wait_until has_request slow Read
  [ ! -s "$tmp/report" ] || fail "there is a report before the end"
  # Pending signals merge: the second one ends the copy at once.
  until copy_has_ended; do
    kill -s $signal "$copy_pid" 2> "$tmp/kill" || :
    pause 0.05
  done
  wait_copy
  check $((128 + $(kill -l $signal)))
  stop_server slow
done

# A server that exits, one that is missing, and one that hangs during the
# handshake.
serve_faulty dies --mode=read-cut "$tmp/disk"
rm -f "$tmp/report"
run_copy --report="$tmp/report" --retry-wait=0.01 "$dies" null:
check 1
expect_report "r['error']['side'] == 'source'"
rm -f "$tmp/report"
run_copy --report="$tmp/report" "nbd+unix:///?socket=$tmp/nobody" null:
check 1
rm -f "$tmp/report"
run_copy --report="$tmp/report" [ sh -c 'exit 3' ] null:
check 1
rm -f "$tmp/report"
mkfifo "$tmp/silent"
start_copy --report="$tmp/report" "$tmp/silent" null:
# The copy takes signals before it opens anything.
has_opened_it ()
{
  [ -n "$(find "/proc/$copy_pid/fd" -lname "$tmp/silent" 2> /dev/null)" ]
}
wait_until has_opened_it
kill -TERM "$copy_pid"
wait_copy
check 143

# A destination server that exits with a failure: its flush is in doubt.
requires_plugin memory
cat > "$tmp/fails-at-its-end" << 'END'
trap 'kill $!; wait; exit 1' TERM
(LISTEN_PID=$BASHPID exec nbdkit -f memory 16M) &
wait
END
run_copy --report="$tmp/report" "$src" [ bash "$tmp/fails-at-its-end" ]
check 1
expect_report "not r['flushed'] and r['changed']"

# The report has the digest.
copy_ok --help
if grep -q -e --blkhash "$output"; then
  copy_ok --blkhash --report="$tmp/report" "$src" null:
  check 0
  expect_report "r['digest']['value'] == '$(< "$output")'" \
                "r['digest']['algorithm'] == 'sha256'"
fi

# If the report cannot be written, the exit status says so.
if [ -w /dev/full ]; then
  copy_fails 1 'cannot write the report: No space' --report=/dev/full \
             "$src" null:
fi

# A report that would overwrite a disk is refused, and nothing is touched.
cp "$tmp/disk" "$tmp/before"
for option in --report --events --status-file; do
  copy_fails 2 "$option=.*: is the same file as " $option="$tmp/disk" \
             "$tmp/disk" null:
  copy_fails 2 "$option=.*: is the same file as " $option="$tmp/disk" \
             "$src" "$tmp/disk"
  copy_fails 2 "$option=.*No such file" $option="$tmp/no/where" "$src" null:
  copy_fails 2 "$option=.*(directory|file)" $option="$tmp" "$src" null:
done
expect_identical "$tmp/before" "$tmp/disk"
