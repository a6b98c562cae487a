#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Streams that cannot be read or written are refused before any server is
# started, and nothing is touched.

. "$(dirname "$0")/../lib/test.sh"
requires nbdkit

make_data "$tmp/disk" 1M
cp "$tmp/disk" "$tmp/before"
mkdir "$tmp/folder"
started=([ sh -c "touch '$tmp/started'" ])

untouched ()
{
  expect_identical "$tmp/before" "$tmp/disk"
  [ ! -e "$tmp/started" ] || fail "a server was started"
}

stream_fails 2 '^stripecopy: source -: .*closed' - "${started[@]}" <&-
stream_fails 2 '^stripecopy: destination -: .*closed' "${started[@]}" - >&-
stream_fails 2 '^stripecopy: source -: .*reading' - "${started[@]}" \
             0>> "$tmp/disk"
stream_fails 2 '^stripecopy: destination -: .*writing' "${started[@]}" - \
             1< "$tmp/disk"
stream_fails 2 '^stripecopy: source -: is a folder$' - "${started[@]}" \
             < "$tmp/folder"
copy_fails 2 '^stripecopy: destination .*: is a folder$' \
           "${started[@]}" "$tmp/folder"
stream_fails 2 'progress=1 cannot be used: standard output is the destination' \
  --progress=1 "${started[@]}" - \
             > "$tmp/copy"
serve_nbdkit any memory 1M
copy_fails 2 '^stripecopy: source .*socket' "$tmp/any.sock" "${started[@]}"
untouched

# The same file, in different ways.
stream_fails 2 'same file' "$tmp/disk" - >> "$tmp/disk"
stream_fails 2 'same file' - "$tmp/disk" < "$tmp/disk"
stream_fails 2 'same file' - - < "$tmp/disk" >> "$tmp/disk"
untouched

# on_terminal WORDS: runs stripecopy with a terminal as its standard output.
on_terminal ()
{
  code=0
  timeout "$limit" script -qec "${wrapper[*]} '$stripecopy' $*" "$tmp/screen" \
          < /dev/null > "$output" 2> "$errors" || code=$?
  [ $code -eq 2 ] || fail "exit status $code on a terminal: $*"
  grep -q '^stripecopy: destination .*refusing to write to a terminal' \
       "$tmp/screen" || fail "the error does not name the terminal: $*"
}

requires script
on_terminal "[ sh -c 'touch $tmp/started' ]" -
on_terminal "'$tmp/disk'" /dev/tty
untouched
