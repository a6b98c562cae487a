#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A later connection to an export that differs from the first one is not used.

. "$(dirname "$0")/../lib/test.sh"
make_disks

# The other server answers no read or write, so that the first worker cannot
# copy all before the others have connected.
hold_reads_at "$tmp/disk" "$tmp/gate"
held+=(pwrite=": < '$tmp/gate'")
serve_nbdkit other_side "${held[@]}"

# expect_refused ERROR SOURCE DESTINATION
expect_refused () { copy_fails 1 "$1" -T 4 -C 4 "${@:2}"; }

serve_faulty src --mode=size-differs --after=1 "$tmp/disk"
expect_refused 'source .*connection differs from the first: size' \
               "$src" "$other_side"
expect_fired src

serve_faulty blind --mode=no-context --after=1 "$tmp/disk"
expect_refused 'source .*connection differs from the first: block status' \
               "$blind" "$other_side"
expect_fired blind

serve_faulty other --mode=read-only --after=1 "$tmp/copy"
expect_refused 'destination .*connection differs .*: read-only flag' \
               "$other_side" "$other"
expect_fired other

open_gate "$tmp/gate"
