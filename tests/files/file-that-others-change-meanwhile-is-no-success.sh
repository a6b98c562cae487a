#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If another program truncates, extends, removes, moves or replaces the
# destination file or image during a copy, an error says so, and the map is
# emptied: the same command copies everything again.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval
requires_formats qcow2

# Reads from the middle on wait until the test writes to the gate.  Only one
# worker is used: more would occupy all threads of the server.
make_data "$tmp/disk" 4M
mkfifo "$tmp/gate"
exec {gate}<> "$tmp/gate"
export disk=$tmp/disk fifo=$tmp/gate
serve_nbdkit src eval get_size='echo 4M' can_multi_conn='exit 0' \
  pread='[ "$4" -lt 2097152 ] || head -c 1 "$fifo" > /dev/null
         dd if="$disk" skip="$4" count="$3" iflag=skip_bytes,count_bytes,fullblock \
            status=none'

open_gate () { printf '%64s' '' >&"$gate"; }

# A read of a copy that has failed may still take from the gate.
close_gate ()
{
  while read -r -N 1 -t 0.1 -u "$gate"; do :; done
}

has_begun () { cmp -s -n 1048576 "$tmp/disk" "$tmp/new"; }

# harm PATTERN COMMAND...: runs COMMAND in the middle of a copy.
args=()
harm ()
{
  local pattern=$1
  shift
  rm -f "$tmp/new" "$tmp/moved" "$tmp/map"
  close_gate
  start_copy --threads=1 --map="$tmp/map" "${args[@]}" "$src" "$tmp/new"
  wait_until "${begun:-has_begun}"
  "$@"
  open_gate
  wait_copy
  [ $code -eq 3 ] || fail "exit status $code after: $*"
  expect_error "^stripecopy: destination .*$pattern"
  expect_error 'run the same command again to resume$'
  [ "$(finished_bytes "$tmp/map")" -eq 0 ] ||
    fail "the map says that something is stored after: $*"
  open_gate
  copy_ok --map="$tmp/map" "${args[@]}" "$src" "$tmp/new"
}

replace () { cp "$tmp/new" "$tmp/other"; mv "$tmp/other" "$tmp/new"; }

all_harm ()
{
  harm 'truncated or removed the file' truncate -s 0 "$tmp/new"
  expect_identical "$tmp/disk" "$tmp/new"
  harm 'truncated or removed the file' truncate -s 3M "$tmp/new"
  harm 'size was changed .* 5242880 now' truncate -s 5M "$tmp/new"
  harm 'the file was removed' rm "$tmp/new"
  expect_identical "$tmp/disk" "$tmp/new"
  harm 'the file was moved' mv "$tmp/new" "$tmp/moved"
  harm 'another file took its place' replace
  expect_identical "$tmp/disk" "$tmp/new"
}

all_harm

# Without a map.
rm -f "$tmp/new"
close_gate
start_copy --threads=1 "$src" "$tmp/new"
wait_until has_begun
rm "$tmp/new"
open_gate
wait_copy
[ $code -eq 1 ] || fail "exit status $code where the file was removed"

# An image.
image_has_begun ()
{
  [ -s "$tmp/new" ] && [ "$(stat -c %s "$tmp/new")" -gt 1048576 ]
}
begun=image_has_begun args=(--destination-format=qcow2)
harm 'the file was removed' rm "$tmp/new"
harm 'another file took its place' replace
begun='' args=()

# A stream: its length is not known before its end, so the missing data is only
# found at the next write.
has_2_mib () { cmp -s -n 2097152 "$tmp/disk" "$tmp/new"; }
mkfifo "$tmp/stream"
exec {stream}<> "$tmp/stream"
start_stream --request-size=1M - "$tmp/new" < "$tmp/stream" {stream}>&-
head -c 2M "$tmp/disk" >&"$stream"
wait_until has_2_mib
truncate -s 4k "$tmp/new"
head -c 4k "$tmp/disk" >&"$stream"  # fits into the pipe without a reader
exec {stream}>&-
wait_copy
[ $code -eq 1 ] || fail "exit status $code where a file was cut"
expect_error '^stripecopy: destination .*truncated or removed the file'

without_uring
all_harm
