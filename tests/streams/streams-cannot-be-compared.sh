#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --compare and --verify refuse sides that cannot be read, or not again, before
# anything is opened, made or started.

. "$(dirname "$0")/../lib/test.sh"

make_islands "$tmp/disk" 8
mkfifo "$tmp/fifo"
for mode in --compare --verify; do
  copy_fails 2 'destination null:: cannot be compared: nothing' \
             $mode "$tmp/disk" null:
  copy_fails 2 'destination -: cannot be compared: a stream' \
             $mode "$tmp/disk" -
  stream_fails 2 'source -: cannot be compared: a stream' \
               $mode - "$tmp/new" < "$tmp/disk"
  copy_fails 2 'destination .*/fifo: cannot be compared' \
             $mode "$tmp/disk" "$tmp/fifo"
  copy_fails 2 'source .*/fifo: cannot be compared' \
             $mode "$tmp/fifo" "$tmp/new"
  copy_fails 2 'destination null:' $mode [ touch "$tmp/started" ] null:
  copy_fails 2 'same file' $mode "$tmp/disk" "$tmp/disk"
done
[ ! -e "$tmp/new" ] || fail "a destination was made"
[ ! -e "$tmp/started" ] || fail "a server was started"
copy_fails 2 'compare and --verify' --compare --verify "$tmp/disk" "$tmp/new"
