#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ranges that the destination reported as zeroes before a connection was lost
# are written, even if the source was being read meanwhile.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

make_data "$tmp/disk" 128K
truncate -s 192K "$tmp/disk" "$tmp/copy"
serve_faulty dst --mode=write-drop --after=1 --times=1 "$tmp/copy"
# The zeroes are read after the destination has come back.
make_gate "$tmp/gate"
serve_nbdkit src eval get_size='echo 192K' pread="
  [ \$4 -lt 131072 ] || : < '$tmp/gate'
  dd if='$tmp/disk' skip=\$4 count=\$3 iflag=skip_bytes,count_bytes"

has_come_back () { grep -q 'has reconnected' "$errors"; }

start_copy -T 1 -R 2 --request-size=64k --retry-wait=0.01 "$src" "$dst"
wait_until has_come_back
expect_fired dst
head -c 64K /dev/zero | tr '\0' '\377' |
  dd of="$tmp/copy" bs=64K seek=2 conv=notrunc status=none
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/copy"
