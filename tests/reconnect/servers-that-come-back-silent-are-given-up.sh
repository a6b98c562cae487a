#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that accepts the new connection but is silent is given up after the
# --open-timeout, on either side.  The next try may succeed.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

make_data "$tmp/disk" 12M

# serve_half NAME FILE: requests of the second half are answered when the gate
# is open.
serve_half ()
{
  local waits="[ \$4 -lt 6291456 ] || : < '$tmp/gate'"
  make_gate "$tmp/gate"
  serve_nbdkit "$1" eval get_size='echo 12M' can_write='exit 0' \
               can_flush='exit 0' flush='exit 0' \
               pread="$waits
                      dd if='$2' bs=64k iflag=skip_bytes,count_bytes skip=\$4 \
                         count=\$3 status=none" \
               pwrite="$waits
                       dd of='$2' bs=64k oflag=seek_bytes seek=\$4 \
                          conv=notrunc status=none"
}

has_moved () { grep -q 'worker 0 request .* write completed' "$errors"; }

# comes_back SIDE FILE ARGS...: kills the server, and starts another one that is
# silent, once or forever.
comes_back ()
{
  local side=$1 file=$2 pid=${1}_pid
  shift 2
  serve_faulty "$side" --mode=honest "$file"
  serve_faulty next --mode=connect-silent --times=$times "$file"
  start_copy -v --request-size=64k -R 2 -C 1 --open-timeout=$((3 * factor)) \
             --retry-wait=0.1 "$@" "$src" "$dst"
  wait_until has_moved
  mv "$tmp/next.sock" "$tmp/$side.sock"
  kill -KILL "${!pid}"
  wait "${!pid}" 2> "$tmp/wait" || :
  open_gate "$tmp/gate"
  wait_copy
  expect_fired next
  expect_error ': no answer from the server in time'
  [ $code -eq $want ] || fail "$side: exit status $code"
  [ $want -ne 0 ] || expect_identical "$tmp/disk" "$tmp/copy"
  stop_server src
  stop_server dst
  stop_server next
  rm "$tmp/gate"
}

for times in 1 1000; do
  want=0 retries=5
  [ $times -eq 1 ] || want=1 retries=1

  make_ones "$tmp/copy" 12M
  serve_half dst "$tmp/copy"
  comes_back src "$tmp/disk" --retries=$retries

  make_ones "$tmp/copy" 12M
  serve_half src "$tmp/disk"
  comes_back dst "$tmp/copy" --retries=$retries
done
