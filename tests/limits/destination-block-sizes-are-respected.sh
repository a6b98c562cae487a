#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The destination's minimum and maximum block sizes are respected; the server
# fails other requests.  Data and zeroes are told apart in blocks of the
# preferred size.

. "$(dirname "$0")/../lib/test.sh"
requires_filter blocksize-policy noextents
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
  serve_nbdkit "$src" -r file "$tmp/disk"
  serve_logged "$dst" --filter=blocksize-policy file "$tmp/copy" "${sizes[@]}"
  copy_ok "${!src}" "${!dst}"
  expect_identical "$tmp/disk" "$tmp/copy"
  ! grep -q error "$tmp/$dst.requests" || fail "$policy: a request was refused"
done

# Without extents, so that only the destination's block size says where to cut.
make_ones "$tmp/copy" 16M
serve_nbdkit flat --filter=noextents -r file "$tmp/disk"
serve_logged blocks --filter=blocksize-policy file "$tmp/copy" \
             blocksize-minimum=512 blocksize-preferred=64k blocksize-maximum=1M
copy_ok "$flat" "$blocks"
expect_identical "$tmp/disk" "$tmp/copy"
for kind in Write Zero; do
  expect_requests blocks $kind -gt 0
  while read -r offset; do
    [ $((offset % 65536)) -eq 0 ] ||
      fail "a request of kind $kind at $offset, within a preferred block"
  done < <(request_lines blocks $kind |
           sed -n 's/.* offset=\(0x[0-9a-f]*\).*/\1/p')
done
