#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --source-size: a stream with fewer or more bytes is an error and leaves no
# file behind.  Any other source of another size is refused before anything is
# touched.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

size=20000001
make_data "$tmp/disk" $((size + 100000))
head -c $size "$tmp/disk" > "$tmp/right"

# Requests of several sizes, so that the stream ends at the end of a request and
# within one.
for options in '' '--request-size=4096' '-R 1' '--synchronous'; do
  read -r -a words <<< "$options"
  stream_ok "${words[@]}" --source-size=$size - "$tmp/copy" \
            < <(head -c $size "$tmp/disk")
  expect_identical "$tmp/right" "$tmp/copy"
  rm "$tmp/copy"
  for length in 0 4096 $((size - 1)); do
    stream_fails 1 "^stripecopy: source -: ended after $length of the $size" \
                 "${words[@]}" --source-size=$size - "$tmp/copy" \
                 < <(head -c $length "$tmp/disk")
    [ ! -e "$tmp/copy" ] || fail "a partial file was left: $options $length"
  done
  for length in $((size + 1)) $((size + 100000)); do
    stream_fails 1 "^stripecopy: source -: has more than the $size bytes" \
                 "${words[@]}" --source-size=$size - "$tmp/copy" \
                 < <(head -c $length "$tmp/disk")
    [ ! -e "$tmp/copy" ] || fail "a file was left: $options $length"
  done
done
stream_ok --source-size=0 - "$tmp/copy" < /dev/null
[ -e "$tmp/copy" ] && [ ! -s "$tmp/copy" ] || fail "no empty file was made"

# A stream that never ends.
make_ones "$tmp/copy" 1M
cp "$tmp/copy" "$tmp/ones"
serve_nbdkit dst file "$tmp/copy"
copy_fails 1 '^stripecopy: source /dev/zero: has more than the 1000 bytes' \
           --source-size=1000 /dev/zero "$dst"

# Impossible sizes are refused before anything is made.
make_ones "$tmp/copy" 1M
stream_fails 2 '^stripecopy: destination .*size is 1048576, --source-size' \
             --source-size=2M - "$dst" < "$tmp/right"
serve_nbdkit src -r file "$tmp/ones"
for source in "$tmp/ones" "$src"; do
  copy_fails 2 'its size is 1048576, not 1000 as --source-size says' \
             --source-size=1000 "$source" "$dst"
done
expect_identical "$tmp/ones" "$tmp/copy"
copy_fails 2 'its size is 1048576, not 1000' --source-size=1000 "$tmp/ones" \
           "$tmp/new"
[ ! -e "$tmp/new" ] || fail "a file was made for a refused copy"
copy_ok --source-size=1M "$tmp/ones" "$tmp/new"
expect_identical "$tmp/ones" "$tmp/new"
