#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A request that fails permanently ends the copy: exit status 1, no 100 %, and
# the message says which side failed, what, where, and why.

. "$(dirname "$0")/../lib/test.sh"
requires_filter error
requires_plugin file
requires_plugin memory

# fails SIDE REQUEST PLACE ARG...: the faulty server of a side fails a request,
# and the message has its place.
fails ()
{
  make_ones "$tmp/copy" 16M
  serve_pair "$1" --mode="$2-error" "${@:4}"
  copy_fails 1 "^stripecopy: $1 .*$2.*$3: Input/output error\$" \
             -p --retries=0 "$src" "$dst"
  expect_fired "$faulty"
  expect_no_error '100%'
}

place=' offset [0-9]+ length [0-9]+'
make_data "$tmp/disk" 16M
fails source read "$place" --offset=5555555
expect_error_at 5555555
fails destination write "$place" --offset=5555555
expect_error_at 5555555
fails destination flush ''

# A zero request that fails although it is supported.
truncate -s 0 "$tmp/disk"
truncate -s 16M "$tmp/disk"
fails destination zero "$place"

# The server's own words are in the message.
full=': No space left on device: .*injecting ENOSPC'
copy_fails 1 "^stripecopy: source .*$full" --no-extents \
           [ nbdkit --filter=error memory 16M error=ENOSPC \
                    error-pread-rate=1 ] [ nbdkit memory 16M ]
make_data "$tmp/disk" 16M
copy_fails 1 "^stripecopy: destination .*$full" \
           [ nbdkit -r file "$tmp/disk" ] \
           [ nbdkit --filter=error memory 16M error=ENOSPC error-pwrite-rate=1 ]
