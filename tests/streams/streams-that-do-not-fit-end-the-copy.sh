#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A stream may be shorter than the destination, whose tail then stays.  A stream
# that is longer, or ends within a block, fails with the reason.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter blocksize-policy

size=1000000
make_data "$tmp/disk" $((size + 1))
for length in 0 1 $((size - 1)) $size; do
  make_ones "$tmp/copy" $size
  make_ones "$tmp/right" $size
  head -c $length "$tmp/disk" |
    dd of="$tmp/right" conv=notrunc bs=64k iflag=fullblock status=none
  serve_nbdkit dst file "$tmp/copy"
  stream_ok - "$dst" < <(head -c $length "$tmp/disk")
  expect_identical "$tmp/right" "$tmp/copy"
  stop_server dst
done

serve_nbdkit dst2 file "$tmp/copy"
stream_fails 1 "^stripecopy: destination .*size is $size, source - has sent\
 at least $((size + 1)) " - "$dst2" < "$tmp/disk"
copy_fails 1 "^stripecopy: destination .*size is $size, source /dev/zero has sent " \
           /dev/zero "$dst2"

truncate -s 1M "$tmp/copy"
serve_nbdkit rigid --filter=blocksize-policy file "$tmp/copy" \
             blocksize-minimum=4096 blocksize-preferred=4096 \
             blocksize-maximum=1M blocksize-error-policy=error
stream_ok - "$rigid" < <(head -c 802816 "$tmp/disk")
cmp -n 802816 "$tmp/disk" "$tmp/copy" || fail "whole blocks differ"
stream_fails 1 '^stripecopy: destination .*802817 bytes.*minimum block' \
             - "$rigid" < <(head -c 802817 "$tmp/disk")
