#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same command resumes a copy that was ended by a signal, and reads only the
# rest: to servers, files and devices.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 24M

# Starts a source with an empty log.
serve_source ()
{
  [ -z "${src:-}" ] || stop_server src
  serve_logged src -r file "$tmp/disk"
}

has_read_much () { [ "$(request_bytes src Read)" -ge 4000000 ]; }

# to DESTINATION FILE: copies to DESTINATION, whose content is in FILE.
to ()
{
  local done_bytes read_bytes
  rm -f "$tmp/map"
  serve_source
  # The rate limit makes it take long.
  start_copy -R 2 --bwlimit=1M --map="$tmp/map" "$src" "$1"
  wait_until has_read_much
  kill -TERM "$copy_pid" || fail "the copy has ended"
  wait_copy
  [ $code -eq 143 ] || fail "exit status $code after SIGTERM"
  expect_error 'run the same command again to resume'
  done_bytes=$(finished_bytes "$tmp/map")
  [ "$done_bytes" -ge 2000000 ] ||
    fail "$done_bytes are finished in the map"
  [ "$done_bytes" -lt 25165824 ] || fail "the signal came too late"

  serve_source
  copy_ok -p --map="$tmp/map" "$src" "$1"
  expect_identical "$tmp/disk" "$2"
  expect_error ' resumed$'
  read_bytes=$(request_bytes src Read)
  [ "$read_bytes" -eq $((25165824 - done_bytes)) ] ||
    fail "$read_bytes were read, and $done_bytes were there already"
  [ "$(finished_bytes "$tmp/map")" -eq 25165824 ] ||
    fail "the map is not finished"
}

to "$tmp/copy.img" "$tmp/copy.img"
make_ones "$tmp/copy" 24M
serve_nbdkit dst file "$tmp/copy"
to "$dst" "$tmp/copy"
make_ones "$tmp/back" 24M
if can_make_device "$tmp/back"; then
  make_device device "$tmp/back"
  to "$device" "$device"
fi
