#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A later connection to an export that differs from the first one is not used.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter delay

# So slow that the other workers get some work.
make_disks
serve_nbdkit dst --filter=delay file "$tmp/copy" delay-write=50ms \
             delay-zero=50ms
serve_faulty src --mode=size-differs --after=1 "$tmp/disk"
copy_fails 1 'source .*connection differs from the first: size' -T 4 -C 4 \
           "$src" "$dst"
expect_fired src

serve_faulty blind --mode=no-context --after=1 "$tmp/disk"
copy_fails 1 'source .*connection differs from the first: block status' \
           -T 4 -C 4 "$blind" "$dst"
expect_fired blind

serve_faulty other --mode=read-only --after=1 "$tmp/copy"
copy_fails 1 'destination .*connection differs .*: read-only flag' -T 4 -C 4 \
           [ nbdkit -r --filter=delay file "$tmp/disk" rdelay=50ms ] "$other"
expect_fired other
