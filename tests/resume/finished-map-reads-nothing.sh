#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A map that says that all is copied: the same command reads and writes nothing,
# says so, and has succeeded.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

# Servers that have seen no request yet.
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
[ "$(tail -n 1 "$output")" = 100/100 ] || fail "the progress is not at its end"
for kind in Read Write Zero Extents Flush; do
  expect_requests src $kind -eq 0
  expect_requests dst $kind -eq 0
done

# Started anew, it copies all of it again.
copy_ok --map="$tmp/map" --resume=never "$src" "$dst"
expect_requests src Read -gt 0
