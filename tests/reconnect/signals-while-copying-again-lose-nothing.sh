#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A signal while the last lost data is written again leaves a map that does not
# mark it as finished.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

make_data "$tmp/disk" 1M
make_ones "$tmp/copy" 1M
# Sixteen writes, and then the connection is lost instead of a flush.
serve_faulty dst --mode=drop --after=16 --times=1 --without=extents "$tmp/copy"
# Later reads wait for the signal.
make_gate "$tmp/gate"
serve_nbdkit src eval get_size='echo 1M' pread="
  if [ -s '$tmp/dst.fired' ]; then
    touch '$tmp/again'
    : < '$tmp/gate'
  fi
  dd if='$tmp/disk' skip=\$4 count=\$3 iflag=skip_bytes,count_bytes"

start_copy -T 1 -R 1 --request-size=64k --retry-wait=0.01 --map="$tmp/map" \
           "$src" "$dst"
wait_until test -e "$tmp/again"
expect_fired dst
kill -TERM "$copy_pid" || fail "the copy has ended"
wait_until signal_is_taken
open_gate "$tmp/gate"
wait_copy
[ $code -eq 143 ] || fail "exit status $code after SIGTERM"
expect_error '^stripecopy: ended by signal 15 .*copied '
done_bytes=$(finished_bytes "$tmp/map")
[ "$done_bytes" -lt 1048576 ] || fail "the map says that all is done"
copy_ok --map="$tmp/map" "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
