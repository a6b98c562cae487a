#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A failed read or a lost connection holds up the digest only until the data is
# read again.  The requests that wait for it meanwhile leave room for it.

. "$(dirname "$0")/../lib/test.sh"
requires_digests

make_data "$tmp/disk" 24M
copy_ok --blkhash "$tmp/disk" null:
digest=$(< "$output")

for mode in read-error read-cut; do
  for workers in 1 2; do
    serve_faulty src --mode=$mode --after=4 --times=1 "$tmp/disk"
    copy_ok -T $workers --blkhash --retry-wait=0.3 "$src" "$tmp/copy"
    expect_fired src
    expect_digest "$digest"
    stop_server src
    serve_faulty src --mode=$mode --after=4 --times=1 "$tmp/disk"
    copy_ok -T $workers --blkhash --map="$tmp/$mode$workers" --retry-wait=0.3 \
            "$src" "$tmp/copy"
    expect_fired src
    expect_digest "$digest"
    stop_server src
  done
done

# What a destination has lost is copied again, and digested once.
make_ones "$tmp/ones" 24M
serve_faulty dst --mode=crash --after=7 --times=2 "$tmp/ones"
copy_ok -T 2 --blkhash --map="$tmp/map" --map-interval=0.1 --retry-wait=0.1 \
        --request-size=256K "$tmp/disk" "$dst"
expect_fired dst
expect_digest "$digest"
expect_identical "$tmp/disk" "$tmp/ones"
