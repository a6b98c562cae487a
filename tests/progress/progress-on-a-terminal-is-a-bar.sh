#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# On a terminal the progress is one line that is redrawn, unless the terminal
# cannot do that.

. "$(dirname "$0")/../lib/test.sh"
requires script
requires_plugin file

make_disks
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"

# copy_on KIND: copies on such a terminal.
copy_on ()
{
  TERM=$1 timeout "$limit" \
    script -qec "${wrapper[*]} '$stripecopy' -p '$src' '$dst'" "$tmp/screen" \
           < /dev/null > "$output" 2> "$errors" ||
    fail "exit status $? on a terminal: $(cat "$tmp/screen")"
  expect_identical "$tmp/disk" "$tmp/copy"
}

copy_on xterm
grep -q $'\r *[0-9]*% \[.*\033\[K' "$tmp/screen" || fail "no bar was drawn"
grep -q $'\r *100% \[\*\**\]' "$tmp/screen" || fail "100% was not drawn"

copy_on dumb
! grep -q $'\033' "$tmp/screen" || fail "a bar was drawn"
grep -q '^ *100% \[\*\**\]' "$tmp/screen" || fail "100% was not written"
