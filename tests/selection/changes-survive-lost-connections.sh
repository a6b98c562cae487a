#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The context is negotiated again after each reconnect, and unflushed data is
# copied again, but nothing else is touched.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file

make_changes 6 8
again=(--retry-wait=0 --retries=100 --request-size=65536)

for mode in drop garble; do
  for n in 1 3; do
    cp "$tmp/old" "$tmp/copy"
    serve_changes src --mode=$mode --after=12 --times=4 "$tmp/disk"
    serve_logged dst file "$tmp/copy"
    copy_ok -T $n -C $n "${again[@]}" "$changed" "$src" "$dst"
    expect_fired src
    expect_identical "$tmp/want" "$tmp/copy"
    expect_only_changes_touched src dst
    stop_server dst
  done
done

# The destination's server loses its unflushed data.
serve_changes src "$tmp/disk"
for mode in crash drop; do
  cp "$tmp/old" "$tmp/copy"
  serve_faulty dst --mode=$mode --after=15 --times=3 \
               --requests="$tmp/dst.requests" "$tmp/copy"
  copy_ok -T 2 -C 2 "${again[@]}" "$changed" "$src" "$dst"
  expect_fired dst
  expect_identical "$tmp/want" "$tmp/copy"
  expect_only_changes_touched src dst
  rm "$tmp/dst.requests"
done

# A connection that never answers: the requested range counts as changed.
cp "$tmp/old" "$tmp/copy"
serve_changes src --mode=stall --after=9 --times=1 "$tmp/disk"
copy_ok -T 2 -C 2 "${again[@]}" --stall-timeout=1 "$changed" \
        "$src" "$tmp/copy"
expect_fired src
expect_bytes_of want disk
