#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If memory does not suffice for all workers, fewer are started, and the first
# one may get fewer buffers.  Some memory always remains for libraries, because
# libnbd aborts without memory.

. "$(dirname "$0")/../lib/test.sh"
requires_bare_binary "memory is limited"
requires_plugin file

make_disks 32

# Runs a copy with an address space of N KiB.
copy_within ()
{
  wrapper=(bash -c 'ulimit -v "$0"; exec "$@"' "$1")
  run_copy "${@:2}"
}

# Prints the largest address space of the copy so far, in KiB.
peak ()
{
  sed -n 's/^VmPeak:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$copy_pid/status"
}

# Each worker that was started has its buffers, or was abandoned.
all_have_begun ()
{
  local started
  started=$(sed -n 's/.*: only \([0-9]\) workers can .*/\1/p' "$errors")
  [ "$(grep -cE 'worker [0-9]: (start, connected|.* fewer workers)' "$errors")" \
    -eq "${started:-8}" ]
}

# Eight workers have buffers of over 16 MiB each.
limit=150000
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_nbdkit src "${held[@]}"
serve_nbdkit dst file "$tmp/copy"
wrapper=(bash -c 'ulimit -v "$0"; exec "$@"' "$limit")
start_copy -v -T 8 -C 8 --requests=64 --request-size=1M "$src" "$dst"
wait_until all_have_begun
peak=$(peak)
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/copy"
expect_error 'warning: only [2-7] workers can be started: Cannot allocate memory'
[ "$peak" -ge 100000 ] || fail "the workers took only $peak KiB"
[ "$peak" -le $((limit - 8192)) ] ||
  fail "the copy has had all but $((limit - peak)) KiB"

# The need of the program with the smallest buffers, and a third of the buffers
# of one worker.
kib=40000
until copy_within $kib -T 1 -R 1 --request-size=4k "$tmp/disk" null: &&
      [ $code -eq 0 ]; do
  kib=$((kib + 5000))
  [ $kib -lt 2000000 ] || fail "no memory is enough"
done
copy_within $((kib + 24000)) -T 1 "$tmp/disk" "$tmp/new"
[ $code -eq 0 ] || fail "exit status $code with few buffers"
expect_identical "$tmp/disk" "$tmp/new"

# Many requests leave less for buffers.  They need 46 MB.
copy_within $((kib + 75000)) -T 1 --requests=1024 "$tmp/disk" "$tmp/many"
[ $code -eq 0 ] || fail "exit status $code with many requests"
expect_identical "$tmp/disk" "$tmp/many"
