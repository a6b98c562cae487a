#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A reader that closes the stream, or a full device, ends a copy to a stream.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

stream_fails 1 '^stripecopy: destination -: write failed at offset [0-9]+ length [0-9]+: Broken pipe$' \
             [ nbdkit memory 64M ] - > >(head -c 100 > "$tmp/head")
wait $!
[ "$(stat -c %s "$tmp/head")" -eq 100 ] || fail "the reader got nothing"
stream_fails 1 '^stripecopy: destination -: write failed .*No space' \
             [ nbdkit memory 64M ] - > /dev/full
copy_fails 1 '^stripecopy: destination /dev/full: write failed .*No space' \
           [ nbdkit memory 64M ] /dev/full
