#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --bwlimit limits the bytes per second of all workers together: data, and
# zeroes that have to be written as data, but not ranges that are zeroed or
# skipped.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter nozero noextents

now_ms () { echo $(($(date +%s%N) / 1000000)); }

# took_for BYTES ARGS...: copies with a limit of 8 MiB/s, and checks that it
# took at least the time that BYTES need, less the bytes that may be saved up.
# No upper limit is checked: it depends on the machine.
took_for ()
{
  local start least=$(($1 * 1000 / 8388608 - 50))
  shift
  start=$(now_ms)
  copy_ok --bwlimit=8M "$@"
  took=$(($(now_ms) - start))
  [ "$took" -ge "$least" ] || fail "it took $took ms, not $least: $*"
}

make_data "$tmp/disk" 8M
make_ones "$tmp/copy" 8M
serve_logged src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
took_for 8388608 -T 4 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
[ "$(largest_request src Read)" -le $((8388608 / 64)) ] ||
  fail "one read is more than a 64th of a second"

# At this rate, copying a terabyte would take a day and a half.
truncate -s 1T "$tmp/thin"
put_data "$tmp/thin" 700000000 2M
serve_nbdkit thin -r file "$tmp/thin"
took_for 2097152 "$thin" null:
truncate -s 1T "$tmp/thin.copy"
took_for 2097152 "$tmp/thin" "$tmp/thin.copy"
[ "$(stat -c %b "$tmp/thin.copy")" -le 5000 ] || fail "the copy is not thin"

# Zeroes that have to be sent count like data.
truncate -s 4M "$tmp/hole"
serve_nbdkit hole -r file "$tmp/hole"
make_ones "$tmp/zeroes" 4M
serve_nbdkit written --filter=nozero --filter=noextents file "$tmp/zeroes"
took_for 4194304 "$hole" "$written"
expect_identical "$tmp/hole" "$tmp/zeroes"

for rate in 0 none; do
  copy_ok --bwlimit=$rate "$src" "$dst"
done
for rate in '' -1 1M/s 5x None @ @"$tmp/missing" @"$tmp/empty"; do
  : > "$tmp/empty"
  copy_fails 2 '^stripecopy: --bwlimit.*: ' --bwlimit="$rate" "$src" "$dst"
done
