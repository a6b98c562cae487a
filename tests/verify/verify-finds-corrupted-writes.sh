#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --verify finds a byte that was changed on the way to the disk without an
# error, and prints its place.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

make_islands "$tmp/disk" 16
serve_nbdkit src -r file "$tmp/disk"

# Stores all writes, but changes one byte of one write.
truncate -s 16M "$tmp/copy"
cat > "$tmp/corrupt" << EOT
dd of='$tmp/copy' bs=64k oflag=seek_bytes seek=\$4 conv=notrunc status=none
if [ \$4 -le 1500000 ] && [ \$((\$4 + \$3)) -gt 1500000 ]; then
  printf '\\377' | dd of='$tmp/copy' bs=1 seek=1500000 conv=notrunc status=none
  echo corrupted >> '$tmp/fired'
fi
EOT
serve_nbdkit dst eval get_size='echo 16777216' \
             pread="dd if='$tmp/copy' bs=64k iflag=skip_bytes,count_bytes \
                    skip=\$4 count=\$3 status=none" \
             pwrite=". '$tmp/corrupt'" can_flush='exit 0' flush='exit 0' \
             can_multi_conn='exit 0'

copy_ok "$src" "$dst"                   # not found without --verify
[ -s "$tmp/fired" ] || fail "nothing was corrupted"
copy_fails 4 'offset 1499648 length 512$' --verify "$src" "$dst"
expect_error 'destination .*: 512 bytes of 16777216 differ, in 1 range$'
expect_no_error '100%'

# Without the fault, it succeeds.
echo > "$tmp/corrupt" \
  "dd of='$tmp/copy' bs=64k oflag=seek_bytes seek=\$4 conv=notrunc status=none"
copy_ok --verify -p "$src" "$dst"
expect_error '^stripecopy: copied 16\.0 MiB'
expect_error '^stripecopy: compared 16\.0 MiB .* no difference$'
