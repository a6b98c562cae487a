#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --blkhash with --map prints the digest that a copy in one run prints, however
# often the copy was killed or ended by a signal, and reads only what is left.

. "$(dirname "$0")/../lib/test.sh"
requires_digests
requires_filter log
requires_plugin file

# Data, holes, zeroes that are not holes, and a size that is no whole number of
# blocks.
truncate -s 41234567 "$tmp/disk"
put_data "$tmp/disk" 100000 9000000
put_data "$tmp/disk" 12000000 17000001
dd if=/dev/zero of="$tmp/disk" bs=64k seek=64 count=30 conv=notrunc status=none
put_data "$tmp/disk" 41000000 234567

# serve_source ARGS...: starts a source with an empty log.  It is always a new
# one, because some do not survive their clients.
serve_source ()
{
  [ -z "${src:-}" ] || stop_server src
  serve_logged src -r "$@"
}

# The same, but reads from END on are answered when the gate is opened, so that
# no copy ends before its signal: serve_to END
n_gates=0
serve_to ()
{
  n_gates=$((n_gates + 1))
  hold_reads_at "$tmp/disk" "$tmp/gate$n_gates" "-ge $1"
  serve_source "${held[@]}" can_extents='exit 0' \
               extents='echo 0 100000 hole,zero
                        echo 100000 9000000
                        echo 9100000 2900000 hole,zero
                        echo 12000000 17000001
                        echo 29000001 11999999 hole,zero
                        echo 41000000 234567'
}

has_got_further () { [ "$(finished_bytes "$tmp/map")" -gt "$before" ]; }
has_read_more () { [ "$(request_bytes src Read)" -ge 2000000 ]; }

# ended_and_again BLOCK ARGS...: copies, ended by SIGKILL, SIGTERM and SIGKILL.
ended_and_again ()
{
  local block=$1 before=0 end=0 signal
  shift
  rm -f "$tmp/map" "$tmp/map.blkhash"
  make_ones "$tmp/copy" 41234567
  copy_ok --blkhash="$block" "$tmp/disk" null:
  want=$(< "$output")
  for signal in KILL TERM KILL; do
    end=$((end + 9000000))
    serve_to $end
    start_copy "$@" --blkhash="$block" --map="$tmp/map" --map-interval=0.3 \
               "$src" "$dst"
    wait_until test -s "$tmp/map"
    if [ $signal = KILL ]; then
      wait_until has_got_further
    else
      wait_until has_read_more
    fi
    kill -$signal "$copy_pid" || fail "the copy has ended"
    open_gate "$tmp/gate$n_gates"   # SIGTERM ends the copy with a flush
    wait_copy 2> "$tmp/wait"
    [ $code -eq 137 ] || [ $code -eq 143 ] || fail "it ended with $code"
    before=$(finished_bytes "$tmp/map")
  done
  serve_source file "$tmp/disk"
  copy_ok "$@" --blkhash="$block" --map="$tmp/map" "$src" "$dst"
  expect_digest "$want"
  expect_identical "$tmp/disk" "$tmp/copy"
  [ "$(request_bytes src Read)" -le $((41234567 - before)) ] ||
    fail "$before bytes were there, and $(request_bytes src Read) were read"
  [ "$(finished_bytes "$tmp/map")" -eq 41234567 ] || fail "the map is not done"

  # The digest of a finished copy is printed again, and nothing is read for it.
  serve_source file "$tmp/disk"
  copy_ok --blkhash="$block" --map="$tmp/map" "$src" "$dst"
  expect_digest "$want"
  copy_ok --plan --blkhash="$block" --map="$tmp/map" "$src" "$dst"
  expect_digest "$want"
  expect_requests src Read -eq 0
}

make_ones "$tmp/copy" 41234567
serve_nbdkit dst -t 1 file "$tmp/copy"
ended_and_again sha1/1M -T 4 -C 4 -R 2 --request-size=64K
ended_and_again sha512/512 -T 2 -C 2 -R 2 --request-size=128K --update
