#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Connections that are lost while bad places are searched for, on either side,
# are replaced, and all readable data is copied.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file
requires nbdkit

make_data "$tmp/disk" 4M
make_ones "$tmp/ones" 4M
bad_places '512 512' '2097152 16384' '4193792 512'
salvage=(--retry-wait=0.01 -C 2 -T 2 --map="$tmp/map"
         --resume=never)

# The destination crashes, and loses unflushed data.
for how in leave zero; do
  cp "$tmp/ones" "$tmp/copy"
  serve_bad src
  serve_faulty dst --mode=crash --after=10 --times=4 "$tmp/copy"
  copy_fails 1 '17408 of 4194304 bytes cannot be read, in 3 places' \
             --salvage=$how "${salvage[@]}" --retries=5 "$src" "$dst"
  expect_fired dst
  expect_error 'copied again|connection'
  old=$tmp/ones
  [ $how = leave ] || { truncate -s 4M "$tmp/zeroes"; old=$tmp/zeroes; }
  stop_server dst
  expect_salvaged "$tmp/copy" "$old"
  expect_bad_in_map "$tmp/map"
  stop_server src
done
