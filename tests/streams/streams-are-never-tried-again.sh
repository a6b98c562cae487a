#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Data of a stream cannot be read again: if the destination loses some of it,
# the copy fails and says why.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 16M
make_ones "$tmp/copy" 16M
serve_faulty dst --mode=crash --after=20 --times=1 "$tmp/copy"
stream_fails 1 '^stripecopy: destination .*cannot be written again: it came from a stream$' \
             --request-size=64k --retry-wait=0.01 - "$dst" < <(cat "$tmp/disk")
expect_fired dst

# Failures of the stream itself are final, too.
serve_nbdkit src -r file "$tmp/disk"
stream_fails 1 '^stripecopy: destination .*: ' --retry-wait=3600 "$src" - \
             > >(head -c 100 > "$tmp/part")
