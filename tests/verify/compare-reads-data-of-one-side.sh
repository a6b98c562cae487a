#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Holes on both sides are not read, and a hole on one side is only read from the
# other.  A huge disk of holes takes no time.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter log extentlist

# Data at [0, 2M) on both sides, [4M, 6M) at the source only, and [8M, 10M) at
# the destination only.  The content is the same on both sides.
truncate -s 1G "$tmp/A"
put_data "$tmp/A" 0 2M
cp --sparse=always "$tmp/A" "$tmp/B"
printf '%s\n' '0 2M' '2M 2M zero' '4M 2M' '6M 1018M zero' > "$tmp/A.extents"
printf '%s\n' '0 2M' '2M 6M zero' '8M 2M' '10M 1014M zero' > "$tmp/B.extents"
serve_logged src -r --filter=extentlist file "$tmp/A" \
             extentlist="$tmp/A.extents"
serve_logged dst -r --filter=extentlist file "$tmp/B" \
             extentlist="$tmp/B.extents"

expect_read ()
{
  local n
  n=$(request_bytes "$1" Read)
  [ "$n" -eq "$2" ] || fail "$n bytes were read from $1, not $2"
}

copy_ok --compare -p "$src" "$dst"
expect_read src $((4 << 20))
expect_read dst $((4 << 20))
expect_error 'compared 1\.0 GiB .* 6\.0 MiB read, 1018\.0 MiB zero .* no diff'

# A difference in such data is found, on either side.
put_data "$tmp/B" $((9 << 20)) 1
copy_fails 4 'offset 9437184 length 512$' --compare "$src" "$dst"
put_data "$tmp/B" $((5 << 20)) 1        # the server reports a hole here
copy_fails 4 'in 1 range' --compare "$src" "$dst"
copy_fails 4 'in 2 ranges' --compare --no-extents "$src" "$dst"
put_data "$tmp/A" $((5 << 20)) 1
copy_fails 4 'offset 5242880 length 512$' --compare "$src" "$dst"

# 1 TiB with a little at its end.
truncate -s 1T "$tmp/C" "$tmp/D"
put_data "$tmp/C" $(((1 << 40) - 1000)) 1000
put_data "$tmp/D" $(((1 << 40) - 1000)) 1000
[ "$(tail -c 1000 "$tmp/D" | tr -d '\0' | wc -c)" -eq 1000 ] ||
  fail "there is no data"
copy_ok --compare "$tmp/C" "$tmp/D"
serve_logged big -r file "$tmp/D"
copy_ok --compare "$tmp/C" "$big"
n=$(request_bytes big Read)
[ "$n" -ge 1000 ] || fail "the data was not read"
[ "$n" -lt 100000 ] || fail "holes were read"
