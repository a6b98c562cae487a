#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A running QEMU's disk is copied in rounds, with dirty bitmaps, while it is
# written to between the rounds and during them.  The copy is killed in one
# round, QEMU is restarted in another, and the server of the last one is killed.
# Both sides are identical in the end.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/qemu.sh"
requires_plugin file

persistent=true
make_islands "$tmp/disk" 32
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/disk.qcow2"
make_ones "$tmp/copy" 32M
serve_qemu old qcow2 "$tmp/disk.qcow2"
serve_nbdkit new file "$tmp/copy"

# Starts to copy a round, at a rate that leaves minutes for what happens
# meanwhile: start_round N ARGS...
start_round ()
{
  local changed=()
  [ "$1" -eq 1 ] || changed=(--changed=qemu:dirty-bitmap:round-$(($1 - 1)))
  echo 4k > "$tmp/rate"
  start_copy --map="$tmp/map.$1" --map-interval=1 --source-id="round-$1" \
             --bwlimit=@"$tmp/rate" --report="$tmp/report" "${changed[@]}" \
             "${@:2}" "$old" "$new"
  some_is_finished () { [ -s "$tmp/map.$1" ] &&
                        [ "$(finished_bytes "$tmp/map.$1")" -gt 0 ]; }
  wait_until some_is_finished "$1"
}

# Waits for the end of the copy, at full speed.
finish_round ()
{
  echo 10G > "$tmp/rate"
  wait_copy
  [ $code -eq 0 ] || fail "exit status $code in a round"
}

# The first copy, of the whole disk.
begin_round old 1
start_round 1
guest old 'write -P 1 0 1M' 'write -P 2 31M 1M' 'write -z 9M 1M' \
      'discard 17M 512k'
finish_round
expect_report "'selection' not in r and r['bytes']['total'] == 32 << 20"
end_round old 1

# The copy is killed, and resumes.
guest old 'write -P 3 8M 6M' 'write -z 1M 512k' 'write -P 4 24000k 64k'
begin_round old 2
start_round 2
kill -KILL "$copy_pid"
wait_copy
[ "$code" -eq 137 ] || fail "exit status $code, not 137"
guest old 'write -P 5 0 64k' 'write -P 6 13M 64k' 'write -P 7 20M 3M'
start_round 2
finish_round
expect_report "r['map']['resumed'] and r['bytes']['resumed'] > 0" \
              "0 < r['bytes']['total'] < 16 << 20" \
              "r['bytes']['total'] + r['bytes']['unselected'] == 32 << 20"
end_round old 2

# QEMU ends while a round is copied, and starts again with its bitmaps.
guest old 'write -P 8 4M 5M' 'discard 8M 1M' 'write -P 9 16M 1M'
begin_round old 3
start_round 3 --retry-wait=0.1 --retries=100
qmp old <<< '{ "execute": "quit" }'
wait "$old_pid"
serve_qemu old qcow2 "$tmp/disk.qcow2"
export_command round-2 | qmp old
guest old 'write -P 10 4M 64k' 'write -P 11 30M 64k'
finish_round
expect_report "r['retries'] > 0"
end_round old 3

# The machine stops and QEMU ends, so the last round copies all that is left.
# Its server is killed, and starts again.
guest old 'write -P 12 10M 1M' 'write -z 20M 1M' 'write -P 13 26M 64k'
qmp old <<< '{ "execute": "quit" }'
wait "$old_pid"
serve_last ()
{
  serve_qemu_nbd old -r -f qcow2 -B round-3 -e 8 -t "$tmp/disk.qcow2"
}
serve_last
start_round 4 --retry-wait=0.1 --retries=100 --verify=all
stop_server old KILL
serve_last
finish_round
expect_report "r['bytes']['total'] < 4 << 20"
expect_error 'has reconnected'
stop_server old
stop_server new
expect_same_disk qcow2 "$tmp/disk.qcow2" raw "$tmp/copy"
