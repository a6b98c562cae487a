#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that accepts the new connection but is silent is given up after the
# --open-timeout, on either side.  The next try may succeed.

. "$(dirname "$0")/../lib/test.sh"
requires_filter delay
requires_plugin file

make_data "$tmp/disk" 12M

has_moved () { grep -q 'worker 0 request .* write completed' "$errors"; }

# comes_back SIDE FILE ARGS...: kills the server, and starts another one that is
# silent, once or forever.
comes_back ()
{
  local side=$1 file=$2 pid=${1}_pid
  shift 2
  serve_faulty "$side" --mode=honest "$file"
  serve_faulty next --mode=connect-silent --times=$times "$file"
  start_copy -v --request-size=64k -R 2 -C 1 --open-timeout="$factor" \
             --retry-wait=0.1 "$@" "$src" "$dst"
  wait_until has_moved
  mv "$tmp/next.sock" "$tmp/$side.sock"
  kill -KILL "${!pid}"
  wait "${!pid}" 2> "$tmp/wait" || :
  wait_copy
  expect_fired next
  expect_error ': no answer from the server in time'
  [ $code -eq $want ] || fail "$side: exit status $code"
  [ $want -ne 0 ] || expect_identical "$tmp/disk" "$tmp/copy"
  stop_server src
  stop_server dst
  stop_server next
}

for times in 1 1000; do
  want=0 retries=5
  [ $times -eq 1 ] || want=1 retries=1

  make_ones "$tmp/copy" 12M
  serve_nbdkit dst --filter=delay file "$tmp/copy" wdelay=20ms
  comes_back src "$tmp/disk" --retries=$retries

  make_ones "$tmp/copy" 12M
  serve_nbdkit src -r --filter=delay file "$tmp/disk" rdelay=20ms
  comes_back dst "$tmp/copy" --retries=$retries
done
