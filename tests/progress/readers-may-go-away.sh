#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The copy goes on after the reader of standard error or of the progress has
# closed it.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"

# Runs stripecopy with these arguments, and reads one byte of its output.
run_unread ()
{
  make_disks
  { code=0
    timeout -k 5 "$limit" "${wrapper[@]}" "$stripecopy" "$@" \
            < /dev/null 2>&1 3>&1 || code=$?
    echo $code > "$tmp/code"; } | head -c 1 > "$tmp/seen"
  [ -s "$tmp/seen" ] || fail "nothing was printed"
  [ "$(< "$tmp/code")" -eq 0 ] || fail "exit status $(< "$tmp/code")"
  expect_identical "$tmp/disk" "$tmp/copy"
}

run_unread -v -p "$src" "$dst"
run_unread --progress=3 "$src" "$dst"
