#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --request-size, --requests and --queue-size are upper limits.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter delay

# Prints the largest number of requests of a kind that a server had at a time.
most_in_flight ()
{
  awk -v kind="$2" '
    $0 ~ " " kind " id" { if (++n > most) most = n }
    $0 ~ "[.][.][.]" kind " id" { n-- }
    END { print most + 0 }' "$tmp/$1.requests"
}

make_data "$tmp/disk" 16M
make_ones "$tmp/copy" 16M
serve_nbdkit dst file "$tmp/copy"

serve_logged small -r file "$tmp/disk"
copy_ok --request-size=64k "$small" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests small Read -ge 256
[ "$(largest_request small Read)" -le 65536 ] ||
  fail "a read is longer than --request-size"

serve_logged lone -r file "$tmp/disk"
copy_ok -T 1 -R 1 --request-size=256k "$lone" "$dst"
n=$(most_in_flight lone Read)
[ "$n" -eq 1 ] || fail "$n reads at a time, not 1"

# The server is so slow that more would be in flight if that were allowed.
serve_logged queue --filter=delay -r file "$tmp/disk" delay-read=3ms
copy_ok -T 1 --request-size=64k --queue-size=256k "$queue" "$dst"
n=$(most_in_flight queue Read)
[ "$n" -ge 1 ] && [ "$n" -le 4 ] || fail "$n reads of 64k in a queue of 256k"

# A request that is cut into segments, or written as data because zeroing is
# refused, is still one request at a time.
for ((i = 0; i < 256; i += 2)); do
  dd if=/dev/zero of="$tmp/disk" bs=64k seek=$i count=1 conv=notrunc status=none
done
serve_nbdkit dense --filter=noextents -r file "$tmp/disk"
serve_logged parts --filter=delay file "$tmp/copy" delay-write=3ms \
             delay-zero=3ms
copy_ok -T 1 -R 1 "$dense" "$parts"
expect_identical "$tmp/disk" "$tmp/copy"
for kind in Write Zero; do
  n=$(most_in_flight parts $kind)
  [ "$n" -eq 1 ] || fail "$n requests of kind $kind at a time, not 1"
done

truncate -s 16M "$tmp/hole"
serve_nbdkit hole -r file "$tmp/hole"
serve_logged written --filter=nozero --filter=delay file "$tmp/copy" \
             delay-write=3ms
copy_ok -T 1 --request-size=32k --queue-size=256k "$hole" "$written"
expect_identical "$tmp/hole" "$tmp/copy"
[ "$(largest_request written Write)" -eq 32768 ] ||
  fail "zeroes are written in longer pieces than --request-size"
n=$(most_in_flight written Write)
[ "$n" -ge 1 ] && [ "$n" -le 8 ] || fail "$n writes of 32k in a queue of 256k"
