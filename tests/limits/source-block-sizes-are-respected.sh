#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The source's minimum, preferred and maximum block sizes are respected; the
# server fails each request that does not.

. "$(dirname "$0")/../lib/test.sh"
requires_filter blocksize-policy
requires_plugin file

n=0
make_islands "$tmp/disk" 16
for policy in "512 512 64k" "512 4k 1M" "64k 64k 64k" "4k 1M 32M" \
              "1 32M 64M" "64k 64k 4294967295"; do
  read -r min preferred max <<< "$policy"
  sizes=(blocksize-error-policy=error blocksize-minimum="$min"
         blocksize-preferred="$preferred" blocksize-maximum="$max")
  n=$((n + 1)) src=src$n dst=dst$n
  make_ones "$tmp/copy" 16M
  serve_logged "$src" --filter=blocksize-policy -r file \
               "$tmp/disk" "${sizes[@]}"
  serve_nbdkit "$dst" file "$tmp/copy"
  copy_ok "${!src}" "${!dst}"
  expect_identical "$tmp/disk" "$tmp/copy"
  ! grep -q error "$tmp/$src.requests" || fail "$policy: a request was refused"
done
