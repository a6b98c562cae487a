#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file or an image that was made for a copy is removed if the copy fails or is
# ended by a signal.  An existing one stays, and so does one that a map
# describes.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_formats qcow2

make_data "$tmp/disk" 16M

expect_gone ()
{
  [ ! -e "$tmp/new" ] || fail "the new file is still there after: $*"
}

for format in raw qcow2; do
  to=--destination-format=$format
  serve_faulty src --mode=read-error --after=8 "$tmp/disk"
  copy_fails 1 '^stripecopy: source .*read failed' --retries=0 $to \
             "$src" "$tmp/new"
  expect_gone "$format, an error"
  copy_fails 3 '^stripecopy: source .*read failed' --retries=0 $to \
             --map="$tmp/map" "$src" "$tmp/new"
  [ -e "$tmp/new" ] || fail "the file that the map describes is gone"
  stop_server src

  serve_faulty src "$tmp/disk"
  copy_ok --resume=require --map="$tmp/map" $to "$src" "$tmp/new"
  expect_same_disk raw "$tmp/disk" $format "$tmp/new"
  rm "$tmp/new" "$tmp/map"
  stop_server src

  serve_faulty src --mode=read-silent --after=8 "$tmp/disk"
  start_copy $to "$src" "$tmp/new"
  wait_until test -s "$tmp/src.fired"
  kill -TERM "$copy_pid"
  wait_copy
  [ $code -eq 143 ] || fail "exit status $code after a signal"
  expect_gone "$format, a signal"
  stop_server src
done

serve_faulty src --mode=read-error --after=8 "$tmp/disk"
make_ones "$tmp/old" 1M
copy_fails 1 '^stripecopy: source .*read failed' --retries=0 "$src" "$tmp/old"
[ -e "$tmp/old" ] || fail "a file that was there is gone"
stop_server src

serve_faulty src --mode=read-error --after=8 "$tmp/disk"
qemu-img create -q -f qcow2 "$tmp/old.qcow2" "$(stat -c %s "$tmp/disk")"
copy_fails 1 '^stripecopy: source .*read failed' --retries=0 \
           --destination-format=qcow2 "$src" "$tmp/old.qcow2"
[ -e "$tmp/old.qcow2" ] || fail "an image that was there is gone"
