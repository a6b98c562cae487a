#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With a map, all of a source except its bad sectors is copied: the message
# names the sector, the requests in flight are stored, and runs of the same
# command have less and less to do.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

bad=5555555 sector=5555200 size=$((24 * 1048576))
make_data "$tmp/disk" $size

# Runs the same command until only the bad sector is left.  A run that meets it
# before its other workers have read anything stores nothing new.
copy_the_rest ()
{
  local before=-1 now=0 in_vain=0
  rm -f "$tmp/map" "$tmp/copy"
  while [ "$now" -lt $((size - 512)) ]; do
    [ "$now" -ge "$before" ] || fail "only $now of $before bytes are stored: $*"
    [ "$now" -gt "$before" ] || in_vain=$((in_vain + 1))
    [ "$in_vain" -le 20 ] || fail "still $now bytes are stored: $*"
    copy_fails 3 "source .*read failed at offset $sector length 512: Input" \
               --map="$tmp/map" "$@" "$src" "$tmp/copy"
    expect_error '^stripecopy: --map=.* stored: run the same command again to resume$'
    before=$now
    now=$(finished_bytes "$tmp/map")
  done
  [ "$now" -eq $((size - 512)) ] || fail "$now bytes are stored"
}

serve_faulty src --mode=read-error --offset=$bad "$tmp/disk"
copy_the_rest --retries=0
copy_the_rest --retry-wait=0.01
copy_the_rest --retries=0 --synchronous
copy_the_rest --retries=0 --requests=1 --connections=1
copy_the_rest --retries=0 --threads=4 --request-size=64k
copy_the_rest --retries=0 --no-extents --sparse=0 --verify
expect_fired src
stop_server src

# Only this sector is left.
serve_logged src -r file "$tmp/disk"
copy_ok --map="$tmp/map" --no-extents --sparse=0 --verify "$src" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
stop_server src
serve_faulty src --mode=read-error --offset=$bad "$tmp/disk"
copy_the_rest --retries=0
stop_server src
serve_logged src -r file "$tmp/disk"
copy_ok --map="$tmp/map" "$src" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
[ "$(request_bytes src Read)" -eq 512 ] || fail "more than the sector was read"
stop_server src

# The last sector of a disk, and the minimum block of a server.
truncate -s $((8 * 1048576 + 100)) "$tmp/disk"
size=$((8 * 1048576 + 100)) bad=$((size - 1))
serve_faulty src --mode=read-error --offset=$bad "$tmp/disk"
copy_fails 3 "read failed at offset $((size - 100)) length 100: Input" \
           --map="$tmp/map2" --retries=0 "$src" "$tmp/copy2"

# Comparing names the sector, too, on either side.
for args in "$src $tmp/disk" "$tmp/disk $src"; do
  # shellcheck disable=SC2086
  copy_fails 1 "read failed at offset $((size - 100)) length 100: Input" \
             --compare --retries=0 $args
done

# A device whose file is shorter than the device.
make_data "$tmp/back" 16M
if can_make_device "$tmp/back"; then
  make_device device "$tmp/back"
  truncate -s 10M "$tmp/back"
  for run in 1 2; do
    copy_fails 3 "source $device: read failed at offset [0-9]+ length 512: Input" \
               --map="$tmp/map3" --retries=0 "$device" "$tmp/copy3"
    [ "$(finished_bytes "$tmp/map3")" -gt 0 ] || fail "run $run stored nothing"
  done
fi
