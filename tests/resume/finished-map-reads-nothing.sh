#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With a map of a finished copy, the same command reads and writes nothing, says
# so, and succeeds.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

# New servers, with empty logs.
serve_both ()
{
  [ -z "${src:-}" ] || { stop_server src; stop_server dst; }
  serve_logged src -r file "$tmp/disk"
  serve_logged dst file "$tmp/copy"
}

make_disks
serve_both
copy_ok --map="$tmp/map" "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"

serve_both
copy_ok --map="$tmp/map" --progress=1 "$src" "$dst"
expect_error '^stripecopy: .*nothing to do$'
[ "$(tail -n 1 "$output")" = 100/100 ] ||
  fail "progress does not end with 100/100"
for kind in Read Write Zero Extents Flush; do
  expect_requests src $kind -eq 0
  expect_requests dst $kind -eq 0
done

# With --resume=never everything is copied again.
copy_ok --map="$tmp/map" --resume=never "$src" "$dst"
expect_requests src Read -gt 0
