#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --salvage is refused where it has no meaning, and it does not hide other
# failures: writes, lost connections, a destination's server.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file

make_data "$tmp/disk" 4M
make_ones "$tmp/ones" 4M
cp "$tmp/ones" "$tmp/copy"

copy_fails 2 '^stripecopy: --salvage cannot be used with --compare$' \
           --salvage --compare "$tmp/disk" "$tmp/copy"
copy_fails 2 'a stream cannot be read again: --salvage needs offsets' \
           --salvage - "$tmp/copy"
copy_fails 2 'a stream cannot be read again: --salvage needs offsets' \
           --salvage "$tmp/disk" -
copy_fails 2 'salvage' --salvage=maybe "$tmp/disk" "$tmp/copy"
expect_identical "$tmp/ones" "$tmp/copy"

# A destination that fails to write.
bad_places '1048576 512'
serve_bad src
serve_faulty dst --mode=write-error --offset=2097152 "$tmp/copy"
copy_fails 1 '^stripecopy: destination .*write failed at offset 2097152' \
           --salvage --retries=0 "$src" "$dst"
expect_fired dst
stop_server dst

# One that fails to zero the bad place, and to write zeroes there.
serve_faulty dst --mode=write-error --offset=1048576 --without=zero "$tmp/copy"
copy_fails 1 '^stripecopy: destination .*write failed at offset 1048576' \
           --salvage=zero --retries=0 "$src" "$dst"
expect_fired dst
stop_server dst
stop_server src

# A read that is refused for another reason: this is no bad place.
serve_faulty src --mode=read-half --after=1 "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
copy_fails 1 '^stripecopy: source .*read failed' \
           --salvage --retries=0 --retry-wait=0.01 "$src" "$dst"
expect_fired src
stop_server src

# A server that closes the connection where it cannot read: nothing proves that
# this read was the reason.
serve_faulty src --mode=read-cut --bad="$tmp/bad" "$tmp/disk"
copy_fails 1 '^stripecopy: source .*connection' \
           --salvage --retries=2 --retry-wait=0.01 "$src" "$dst"
expect_fired src
stop_server src

# Without bad places, the option changes nothing.
serve_faulty src "$tmp/disk"
copy_ok --salvage "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
