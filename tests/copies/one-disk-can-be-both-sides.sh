#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With --allow-same-disk, one export is source and destination: over several
# connections, each byte is written back to where it was read.  The server checks
# all that is written to it.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin sparse-random file

serve_logged dst sparse-random 256M seed=1
for options in '-C 1' '-C 4 -T 4' '--no-extents -C 4 -T 4' \
               '--allocated' '--destination-is-zero=no -S 0'; do
  # shellcheck disable=SC2086
  copy_ok --allow-same-disk $options "$dst" "$dst"
done
expect_requests dst Write -ge 100

# That server refuses any other data.
serve_nbdkit src sparse-random 256M seed=2
copy_fails 1 '^stripecopy: destination .*(write|zero) failed' --allow-same-disk \
           --retries=0 --no-extents "$src" "$dst"

# The data of another server stays as it is, too; and a comparison and a plan
# write nothing.
make_islands "$tmp/disk" 32
cp "$tmp/disk" "$tmp/before"
serve_logged file file "$tmp/disk"
for options in --compare --plan; do
  # shellcheck disable=SC2154
  copy_ok --allow-same-disk $options "$file" "$file"
  expect_requests file Write -eq 0
done
copy_ok --allow-same-disk --verify --blkhash -T 3 "$file" "$file"
expect_requests file Write -ge 4
expect_identical "$tmp/before" "$tmp/disk"

# Several workers write.  No read is answered before each of them has sent one.
hold_reads_at "$tmp/disk" "$tmp/gate"
held+=(pwrite="dd of='$tmp/disk' bs=64k iflag=fullblock oflag=seek_bytes \
                  seek=\$4 conv=notrunc status=none")
open_gate_when "$tmp/gate" are_busy shared Read 4
serve_logged shared "${held[@]}"
copy_ok --allow-same-disk -C 4 -T 4 -R 1 --no-flush "$shared" "$shared"
[ "$(busy_connections shared Write)" -eq 4 ] || fail "not all workers wrote"
expect_identical "$tmp/before" "$tmp/disk"
