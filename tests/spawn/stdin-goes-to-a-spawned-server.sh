#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server in brackets gets our standard input, as with nbdcopy, unless standard
# input is the source.

. "$(dirname "$0")/../lib/test.sh"
requires qemu-nbd

make_islands "$tmp/disk" 8
make_ones "$tmp/copy" 8M
stream_ok [ qemu-nbd -r -e 4 \
            --image-opts driver=raw,file.filename=/proc/self/fd/0 ] \
          "$tmp/copy" < "$tmp/disk" > "$output"
expect_identical "$tmp/disk" "$tmp/copy"

# If standard input is the source, only the copy reads it.
make_ones "$tmp/copy" 8M
# shellcheck disable=SC2016
stream_ok - [ sh -c 'cat > "$0.got"; exec qemu-nbd -e 4 -f raw "$0"' \
              "$tmp/copy" ] < "$tmp/disk" > "$output"
expect_identical "$tmp/disk" "$tmp/copy"
[ ! -s "$tmp/copy.got" ] || fail "the server read from the source"
