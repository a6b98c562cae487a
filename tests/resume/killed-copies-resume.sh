#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same command resumes a copy that was killed at any moment from its last
# flush.  The result is identical, even if the destination's server loses its
# memory.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 40M
make_ones "$tmp/copy" 40M

# Starts a source with an empty log.
serve_source ()
{
  [ -z "${src:-}" ] || stop_server src
  serve_logged src -r file "$tmp/disk"
}

# The server keeps unflushed writes in memory.
serve_destination ()
{
  serve_faulty dst --mode=crash --after=1000000 "$tmp/copy"
}

has_got_further () { [ "$(finished_bytes "$tmp/map")" -gt "$before" ]; }

# killed_and_again DESTINATION FILE
killed_and_again ()
{
  local before=0
  for _ in 1 2; do
    serve_source                # restarted: some do not survive their clients
    # The rate limit makes it take minutes.
    start_copy -R 2 --bwlimit=256K --map="$tmp/map" --map-interval=1 \
               "$src" "$1"
    wait_until test -s "$tmp/map"
    wait_until has_got_further
    kill -KILL "$copy_pid" || fail "the copy has ended"
    wait_copy 2> "$tmp/wait"
    [ $code -eq 137 ] || fail "it was not killed, but ended with $code"
    if [ "$1" = "$dst" ]; then
      kill -KILL "$dst_pid" 2> "$tmp/wait" || :   # or it saw us go
      wait "$dst_pid" 2> "$tmp/wait" || :
      serve_destination
    fi
    before=$(finished_bytes "$tmp/map")
  done
  serve_source
  copy_ok --map="$tmp/map" "$src" "$1"
  expect_identical "$tmp/disk" "$2"
  [ "$(request_bytes src Read)" -eq $((41943040 - before)) ] ||
    fail "$before bytes were there, and $(request_bytes src Read) were read"
}

serve_destination
killed_and_again "$dst" "$tmp/copy"
rm "$tmp/map"
killed_and_again "$tmp/new" "$tmp/new"
