#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# During the last flush all bytes are done, but progress reaches 100 % only
# after the reply to the flush.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin eval

make_data "$tmp/disk" 1M
make_ones "$tmp/copy" 1M
mkfifo "$tmp/gate"
exec {gate}<> "$tmp/gate"

# The flush reports its start, and ends when the test writes to the gate.
serve_nbdkit dst eval \
  get_size="stat -Lc %s $tmp/copy" can_write=true can_flush=true \
  can_multi_conn='exit 3' \
  pread="dd if=$tmp/copy iflag=skip_bytes,count_bytes skip=\$4 count=\$3 \
         bs=64k status=none" \
  pwrite="dd of=$tmp/copy oflag=seek_bytes seek=\$4 bs=64k conv=notrunc \
          status=none" \
  flush="touch $tmp/flushing; head -c 1 $tmp/gate > /dev/null
         touch $tmp/flushed"

said () { grep -q "$1" "$2"; }

start_stream --progress=3 --events="$tmp/events" --interval=0.1 \
             "$tmp/disk" "$dst" 3> "$tmp/percent" < /dev/null > "$output"
wait_until test -e "$tmp/flushing"
wait_until said '"phase":"flush"' "$tmp/events"
wait_until said '^99/100$' "$tmp/percent"
kill -USR1 "$copy_pid"
wait_until said ' 99% ' "$errors"
! grep -q '100/100' "$tmp/percent" || fail "100/100 before the flush"
! grep -q '"percent":100' "$tmp/events" ||
  fail "an event of 100 before the flush"
[ ! -e "$tmp/flushed" ] || fail "the flush is over already"
echo >&"$gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
[ -e "$tmp/flushed" ] || fail "the copy did not wait for the flush"
[ "$(tail -n 1 "$tmp/percent")" = 100/100 ] || fail "100/100 is not the last"
expect_events "of ('progress')[-1]['percent'] == 100" \
              "any (x['phase'] == 'flush' and x['percent'] == 99 and
                    x['done'] == x['total'] for x in of ('progress'))"
