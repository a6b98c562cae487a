#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A salvage that is killed in the middle of the search resumes from its map:
# finished ranges are not read again, and the result is that of a whole run.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file
requires_plugin eval

# Nearly all data that can be read is between the bad places.
make_data "$tmp/disk" 1M
punch_hole () { fallocate -p -o "$1" -l "$2" "$tmp/disk"; }
punch_hole 65536 458752 &&
  punch_hole 933888 114688 || skip "no holes can be punched here"
make_ones "$tmp/ones" 1M
cp "$tmp/ones" "$tmp/copy"
for ((i = 0; i < 100; i++)); do
  echo "$((524288 + i * 4096)) 512"
done > "$tmp/bad"
salvage=(--salvage --retries=0 --map="$tmp/map" --map-interval=1)
serve_bad src

# Most of the disk is finished, and some bad places are known: writes between
# the others are not answered, so the search does not end.
make_gate "$tmp/gate"
serve_nbdkit dst eval thread_model='echo parallel' can_multi_conn='exit 0' \
             get_size='echo 1M' can_flush='exit 0' flush='exit 0' \
             pread='exit 1' \
             pwrite="[ \$4 -lt 729088 ] || [ \$4 -ge 933888 ] ||
                       : < '$tmp/gate'
                     dd of='$tmp/copy' bs=64k oflag=seek_bytes seek=\$4 \
                        conv=notrunc status=none"
start_copy "${salvage[@]}" "$src" "$dst"
has_both ()
{
  [ -s "$tmp/map" ] && [ -n "$(blocks_of_map "$tmp/map" -)" ] &&
    [ -n "$(blocks_of_map "$tmp/map" +)" ]
}
wait_until has_both
kill -KILL "$copy_pid"
wait_copy
[ $code -eq 137 ] || fail "exit status $code"
found=$(blocks_of_map "$tmp/map" - | wc -l)
[ "$found" -lt 100 ] || fail "the copy was killed too late"
blocks_of_map "$tmp/map" + > "$tmp/finished"
[ -s "$tmp/finished" ] || fail "nothing was finished"
open_gate "$tmp/gate"           # or the destination's scripts would wait on
stop_server dst
stop_server src

serve_bad src
serve_nbdkit dst file "$tmp/copy"
copy_fails 1 '51200 of 1048576 bytes cannot be read, in 100 places' \
           "${salvage[@]}" "$src" "$dst"
expect_bad_in_map "$tmp/map"
expect_salvaged "$tmp/copy" "$tmp/ones"
sed -n 's/^read //p' "$tmp/src.reads" |
  awk 'NR == FNR { at[n++] = $1; to[n - 1] = $1 + $2; next }
       { for (i = 0; i < n; i++) if ($1 < to[i] && $1 + $2 > at[i]) print }' \
      "$tmp/finished" - > "$tmp/again"
[ ! -s "$tmp/again" ] || fail "finished ranges were read again"
