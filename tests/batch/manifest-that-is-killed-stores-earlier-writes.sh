#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If the process that runs a manifest is killed, its copies end as by one
# signal: their writes are flushed and in their maps.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 16M
make_ones "$tmp/copy" 16M
serve_logged src -r file "$tmp/disk"
serve_logged dst file "$tmp/copy"

for events in '' --events="$tmp/events"; do
  # Without the signal it would take hours.
  cat > "$tmp/manifest" <<END
[ { "disk": "one", "source": "$src", "destination": "$dst",
    "map": "$tmp/map", "bwlimit": "32K", "request-size": "64K" } ]
END
  start_copy --manifest="$tmp/manifest" ${events:+"$events"}
  wait_until has_request dst Write
  kill -KILL "$copy_pid"
  wait_copy
  wait_until have_no_leftovers
  [ "$(finished_bytes "$tmp/map")" -gt 0 ] || fail "nothing is stored: $events"
  rm -f "$tmp/map" "$tmp/events"
  : > "$tmp/dst.requests"
done
