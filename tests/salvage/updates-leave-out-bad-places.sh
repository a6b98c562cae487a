#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --update with --salvage writes only the differences, and leaves or zeroes bad
# places of the source; a destination that cannot be read is a failure.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file

make_data "$tmp/disk" 4M
cp "$tmp/disk" "$tmp/old"
put_data "$tmp/old" 1048576 65536
put_data "$tmp/old" 3145728 4096
bad_places '512 512' '1050624 8192' '3145728 512'
truncate -s 4M "$tmp/zeroes"

for how in leave zero; do
  cp "$tmp/old" "$tmp/copy"
  serve_bad src
  serve_logged dst file "$tmp/copy"
  copy_fails 1 '9216 of 4194304 bytes cannot be read, in 3 places' \
             --update --salvage=$how --retries=0 "$src" "$dst"
  old=$tmp/old
  [ $how = leave ] || old=$tmp/zeroes
  expect_salvaged "$tmp/copy" "$old"
  [ "$(request_bytes dst Write)" -le $((65536 + 4096)) ] ||
    fail "more than what differs was written"
  stop_server src
  stop_server dst
done

cp "$tmp/old" "$tmp/copy"
serve_bad src
serve_faulty dst --mode=read-error --offset=2097152 "$tmp/copy"
copy_fails 1 '^stripecopy: destination .*read failed' \
           --update --salvage --retries=0 "$src" "$dst"
expect_fired dst
