#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With a map, a failure of either side ends the copy as a signal does: earlier
# writes are flushed and in the map, and the message about the next run is true.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin eval

size=$((24 * 1048576))
make_data "$tmp/disk" $size
serve_nbdkit good -r file "$tmp/disk"

# Checks that the last copy stored something, and flushed it before that.
expect_stored ()
{
  [ "$(finished_bytes "$tmp/map")" -gt 0 ] || fail "nothing is stored: $1"
}

begin ()
{
  rm -f "$tmp/map"
  make_ones "$tmp/copy" $size
}

# One bad sector of the destination: runs have less and less to do, until only
# that sector is left.  A run that meets it before its other workers have
# written anything stores nothing new.
begin
serve_faulty dst --mode=write-error --offset=5555555 "$tmp/copy"
before=-1 now=0 in_vain=0
while [ "$now" -lt $((size - 512)) ]; do
  [ "$now" -ge "$before" ] || fail "only $now of $before bytes are stored"
  [ "$now" -gt "$before" ] || in_vain=$((in_vain + 1))
  [ "$in_vain" -le 20 ] || fail "still $now bytes are stored"
  copy_fails 3 'destination .*write failed at offset 5555200 length 512: Input' \
             --retries=0 --map="$tmp/map" "$good" "$dst"
  before=$now
  now=$(finished_bytes "$tmp/map")
done
expect_fired dst
expect_error 'stored: run the same command again to resume$'
stop_server dst
serve_nbdkit dst file "$tmp/copy"
copy_ok --map="$tmp/map" "$good" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
stop_server dst

# The same for zeroes.
truncate -s $size "$tmp/hole"
serve_nbdkit hole -r file "$tmp/hole"
begin
serve_faulty dst --mode=zero-error --offset=5555555 "$tmp/copy"
copy_fails 3 'destination .*zero failed at offset 5555200 length 512: Input' \
           --retries=0 --threads=1 --map="$tmp/map" "$hole" "$dst"
expect_fired dst
expect_stored zeroes
stop_server dst
serve_nbdkit dst file "$tmp/copy"
copy_ok --map="$tmp/map" "$hole" "$dst"
expect_identical "$tmp/hole" "$tmp/copy"
stop_server dst

# No room: with some, the same command resumes.
begin
touch "$tmp/full"
serve_nbdkit dst eval get_size="echo $size" can_flush='exit 0' \
             pread="dd if='$tmp/copy' iflag=skip_bytes,count_bytes skip=\$4 count=\$3" \
             flush="echo flush >> '$tmp/flushes'" \
             pwrite="if [ -e '$tmp/full' ] && [ \$4 -ge 8388608 ]; then
                       echo ENOSPC full >&2; exit 1
                     fi
                     dd of='$tmp/copy' oflag=seek_bytes seek=\$4 conv=notrunc"
copy_fails 1 'destination .*write failed .*No space' --threads=1 \
           --map="$tmp/map" "$good" "$dst"
expect_error 'stored: run the same command again to resume once there is room'
expect_stored "no room"
[ -s "$tmp/flushes" ] || fail "the destination was not flushed"
rm "$tmp/full"
copy_ok --map="$tmp/map" "$good" "$dst"
expect_error 'are copied already'
expect_identical "$tmp/disk" "$tmp/copy"
stop_server dst

# A source that falls silent, exits, or closes its connections; both a server
# that the copy started and another one.
for mode in read-silent stall exit drop read-half garble; do
  begin
  serve_faulty src --mode=$mode --after=20 "$tmp/disk"
  copy_fails 3 'source ' --retries=0 --stall-timeout=$((3 * factor)) \
             --threads=1 --map="$tmp/map" "$src" "$tmp/copy"
  expect_fired src
  expect_stored $mode
  stop_server src
done

# A signal while the source is silent: earlier writes are stored nevertheless.
begin
serve_faulty src --mode=read-silent --after=20 "$tmp/disk"
start_copy --threads=1 --map="$tmp/map" "$src" "$tmp/copy"
wait_until test -s "$tmp/src.fired"
kill -TERM "$copy_pid"
wait_copy
[ $code -eq 143 ] || fail "exit status $code"
expect_stored "a signal"
stop_server src

begin
# shellcheck disable=SC2154 # faulty_server is of test.sh
copy_fails 3 'source .*status 3' --retries=0 --threads=1 --map="$tmp/map" \
           [ "$faulty_server" --mode=exit --after=20 "$tmp/disk" ] "$tmp/copy"
expect_stored "a server of ours that is gone"

# A destination that is gone or does not answer while the source fails: the copy
# ends, and the map only claims data that was stored.
for mode in write-silent stall exit drop crash flush-error flush-crash; do
  begin
  serve_faulty src --mode=read-error --after=20 "$tmp/disk"
  serve_faulty dst --mode=$mode --after=3 "$tmp/copy"
  copy_fails 3 '(source|destination) ' --retries=0 --stall-timeout=1 \
             --map="$tmp/map" "$src" "$dst"
  stop_server src
  stop_server dst
  serve_nbdkit src -r file "$tmp/disk"
  serve_nbdkit dst file "$tmp/copy"
  copy_ok --map="$tmp/map" "$src" "$dst"
  expect_identical "$tmp/disk" "$tmp/copy"
  stop_server src
  stop_server dst
done
