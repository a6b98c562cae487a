#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --request-size, --requests and --queue-size are upper limits.

. "${srcdir:-.}/functions.sh"
requires_plugin file

# The most reads of one connection that the server of this name had at a time.
most_in_flight ()
{
  awk '/ Read id/ { if (++n > most) most = n }
       /\.\.\.Read id/ { n -= 2 }
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
n=$(most_in_flight lone)
[ "$n" -eq 1 ] || fail "$n reads at a time, not 1"

serve_logged queue -r file "$tmp/disk"
copy_ok -T 1 --request-size=64k --queue-size=256k "$queue" "$dst"
n=$(most_in_flight queue)
[ "$n" -ge 1 ] && [ "$n" -le 4 ] || fail "$n reads of 64k in a queue of 256k"
