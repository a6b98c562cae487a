#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --compare prints where two disks differ, to the sector, for any content and
# any number of workers.  For equal disks it prints nothing and exits with
# status 0.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

# Changes one bit of a byte at an offset.
flip ()
{
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf '%b' "\\0$(printf %o $((byte ^ 16)))" |
    dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Adds up every second number.
sum ()
{
  local n=0
  for ((; $# > 0;)); do
    n=$((n + $2))
    shift 2
  done
  echo $n
}

# expect_differences OFFSET LENGTH ...: compares A and B in different ways,
# which all must print these places and no others.
expect_differences ()
{
  local way words places
  places=$(printf '%s %s\n' "$@")
  for way in "-T 1 $tmp/A $tmp/B" "-T 4 $tmp/A $tmp/B" "-T 3 $src $dst" \
             "--synchronous --no-extents $src $tmp/B"; do
    read -r -a words <<< "$way"
    copy_fails 4 '^stripecopy: destination ' --compare "${words[@]}"
    [ "$(sed -n 's/.* offset \([0-9]*\) length \([0-9]*\)$/\1 \2/p' \
         "$errors")" = "$places" ] || fail "$way: not these: $places"
    expect_error ": $(sum "$@") bytes of $size differ, in $(($# / 2)) range"
  done
}

size=$((24 * 1048576 + 700))            # the last sector is a part of one
make_islands "$tmp/A" 24
truncate -s $size "$tmp/A"
cp --sparse=always "$tmp/A" "$tmp/B"
serve_nbdkit src -r file "$tmp/A"
serve_nbdkit dst -r file "$tmp/B"

for pair in "$tmp/A $tmp/B" "$src $dst" "$tmp/A $dst"; do
  # shellcheck disable=SC2086
  copy_ok --compare $pair
  [ ! -s "$errors" ] || fail "equal disks caused output"
done

flip "$tmp/B" 1500000                   # within data
expect_differences $((1500000 / 512 * 512)) 512

flip "$tmp/B" 16000000                  # in a hole
flip "$tmp/A" $((size - 1))             # in the last, partial sector
expect_differences 1499648 512 16000000 512 $((size - 188)) 188

put_data "$tmp/A" 5242880 100           # data beside holes, in adjacent sectors
put_data "$tmp/B" 5243392 100
expect_differences 1499648 512 5242880 1024 16000000 512 $((size - 188)) 188

# Everything differs, and is reported as one range even if it was read in
# pieces.
make_ones "$tmp/A" $size
truncate -s 0 "$tmp/B" && truncate -s $size "$tmp/B"
expect_differences 0 $size

# At most ten places are named.
cp "$tmp/A" "$tmp/B"
for ((i = 40; i > 0; i--)); do
  put_data "$tmp/B" $((i * 65536)) 512
done
copy_fails 4 ': 20480 bytes of .* differ, in 40 ranges$' --compare \
           "$tmp/A" "$tmp/B"
[ "$(grep -c ' offset ' "$errors")" -eq 10 ] || fail "not ten are named"
expect_error ' offset 65536 length 512$'
expect_error ' offset 655360 length 512$'
