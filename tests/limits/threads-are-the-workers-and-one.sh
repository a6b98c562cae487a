#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy has one thread per worker, the main thread, and a thread for signals.

. "$(dirname "$0")/../lib/test.sh"
requires_plain_binary "threads cannot be counted"
requires_plugin memory

threads () { sed -n 's/^Threads:[[:blank:]]*//p' "/proc/$copy_pid/status"; }
all_hang () { [ "$(wc -l < "$tmp/src.fired")" -ge "$1" ]; }

make_data "$tmp/disk" 64M
for n in 1 3; do
  serve_faulty src --mode=read-silent "$tmp/disk"
  start_copy -T $n -C $n -R 1 "$src" null:
  wait_until test -s "$tmp/src.fired"
  wait_until all_hang $n
  count=$(threads)
  kill -KILL "$copy_pid"
  wait_copy
  [ "$count" -eq $((n + 2)) ] || fail "$count threads with $n workers"
  stop_server src
done
