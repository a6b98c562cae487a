#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An update that was killed resumes from its map, reads nothing again that the
# map has, and makes both sides equal; so does an update without a map.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin eval

make_data "$tmp/disk" 16M
for map in "" --map="$tmp/map"; do
  cp "$tmp/disk" "$tmp/copy"
  for mib in {0..15}; do
    put_data "$tmp/copy" $(((mib << 20) + 5000)) 9000
  done

  # Killed while no read of the second half is answered.
  hold_reads_at "$tmp/disk" "$tmp/gate" '-ge 8388608'
  serve_nbdkit src "${held[@]}"
  serve_logged dst file "$tmp/copy"
  start_copy --update ${map:+"$map" --map-interval=1} -T 1 -C 1 "$src" "$dst"

  some_is_done ()
  {
    if [ -n "$map" ]; then
      [ -s "$tmp/map" ] && [ "$(finished_bytes "$tmp/map")" -gt 0 ]
    else
      has_request dst Write
    fi
  }

  wait_until some_is_done
  kill -KILL "$copy_pid"
  wait_copy
  open_gate "$tmp/gate"         # or the source's scripts would wait on
  stop_server dst
  stop_server src
  rm "$tmp/gate"
  ! cmp -s "$tmp/disk" "$tmp/copy" || fail "the update was finished"

  done=0
  [ -z "$map" ] || done=$(finished_bytes "$tmp/map")
  serve_logged src -r file "$tmp/disk"
  serve_logged dst file "$tmp/copy"
  copy_ok --update ${map:+"$map" --resume=require} --report="$tmp/report" \
          "$src" "$dst"
  stop_server src
  stop_server dst
  expect_identical "$tmp/disk" "$tmp/copy"
  expect_report "r['bytes']['resumed'] == $done" \
                'r["bytes"]["data"] + r["bytes"]["same"] +
                 r["bytes"]["resumed"] == 16 << 20' \
                '4096 < r["bytes"]["data"] <= 16 * 16384'
  for side in src dst; do
    [ "$(request_bytes $side Read)" = $(((16 << 20) - done)) ] ||
      fail "$side: other parts were read than those that were left"
  done
done
