#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Pipes, FIFOs and redirected files of any size are copied, on either side.  A
# file that is appended to, or is not at its start, is used from its position
# on.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

mkdir "$tmp/from" "$tmp/to"
make_data "$tmp/from/empty" 0
make_data "$tmp/from/whole" 1572864         # two requests
make_islands "$tmp/from/islands" 24
truncate -s 25165825 "$tmp/from/islands"
mkfifo "$tmp/in" "$tmp/out"
serve_nbdkit src -r file dir="$tmp/from"
serve_nbdkit dst file dir="$tmp/to"

# Checks the copy, and removes it.
arrived ()
{
  expect_identical "$from" "$to"
  rm "$to"
}

for from in "$tmp"/from/*; do
  name=${from##*/} to=$tmp/to/$name
  size=$(stat -c %s "$from")

  stream_ok - "$to" < <(cat "$from"); arrived
  stream_ok --synchronous - - < <(cat "$from") > >(cat > "$to")
  wait $!; arrived

  make_ones "$to" "$size"
  stream_ok - "${dst/'?'/"$name?"}" < <(cat "$from"); arrived
  stream_ok "${src/'?'/"$name?"}" - > >(cat > "$to"); wait $!; arrived

  cat "$from" > "$tmp/in" & writer=$!
  cat "$tmp/out" > "$to" & reader=$!
  copy_ok "$tmp/in" "$tmp/out"
  wait $writer $reader; arrived

  echo before > "$to"
  stream_ok "$from" - >> "$to"
  { echo before; cat "$from"; } | cmp - "$to" || fail "$name: not appended"
  rm "$to"
done

# From the position of the descriptor, and to it.
from=$tmp/from/whole to=$tmp/to/middle
make_ones "$to" 2M
{ dd bs=1000 count=1 status=none of="$tmp/head"; stream_ok - "$tmp/tail"; } \
  < "$from"
cat "$tmp/head" "$tmp/tail" | cmp - "$from" || fail "not from the middle"
{ dd bs=1000 seek=1 count=0 conv=notrunc status=none; stream_ok "$from" -; } \
  1<> "$to"
make_ones "$tmp/ones" 2M
dd if="$from" of="$tmp/ones" bs=1000 seek=1 conv=notrunc status=none
expect_identical "$tmp/ones" "$to"

# Options that hardly matter for a stream.
from=$tmp/from/islands to=$tmp/to/islands
stream_ok --allocated - - < "$from" > "$to"; arrived
stream_ok --destination-is-zero --flush "$from" - > >(cat > "$to")
wait $!; arrived

# A longer file is truncated.  Zeroes become holes, also at the end.
make_ones "$to" 32M
stream_ok --progress=3 - "$to" < <(cat "$from") 3> "$tmp/progress"
[ $(($(stat -c %b "$to") * 512)) -lt 6000000 ] || fail "holes were filled"
arrived
[ "$(head -n 1 "$tmp/progress")" = 0/100 ] ||
  fail "progress does not begin with 0/100"
[ "$(sort -u "$tmp/progress" | wc -l)" -eq 2 ] ||
  fail "a stream has percentages"
[ "$(tail -n 1 "$tmp/progress")" = 100/100 ] ||
  fail "progress does not end with 100/100"

# Devices.
copy_ok "$from" /dev/null
stream_ok -v - null: < "$from"
expect_error 'copied 24.0 MiB '
expect_no_error 'cannot flush'
