#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A stream may be silent for longer than --stall-timeout; a server on the other
# side may not.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 3M
mkfifo "$tmp/in"
exec {in}<> "$tmp/in"
start_stream --stall-timeout=1 - "$tmp/copy" < "$tmp/in" {in}>&-
head -c 1M "$tmp/disk" >&"$in"
pause 1.2
! copy_has_ended || fail "the copy gave up the silent stream"
tail -c +1048577 "$tmp/disk" >&"$in"
exec {in}>&-
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/copy"

# This stream does not end either.
exec {in}<> "$tmp/in"
cat "$tmp/disk" >&"$in" &
servers+=($!)
make_ones "$tmp/copy" 3M
serve_faulty dst --mode=write-silent --after=1 "$tmp/copy"
stall=$((3 * factor))
reason="no answer for $stall s, for example to the write"
stream_fails 1 "^stripecopy: destination .*$reason" --stall-timeout=$stall \
             - "$dst" < "$tmp/in"
expect_fired dst
