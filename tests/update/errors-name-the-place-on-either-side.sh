#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A place that cannot be read or written ends an update with 1 and names the side
# and the place.  Everything else is as it was, or as the source has it; the
# place itself is as it was.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

make_data "$tmp/disk" 4M
at=$((1 << 20 | 512 * 9))

# serve_bad NAME FILE OPERATION: fails wherever the sector at $at is a part.
serve_bad ()
{
  local fails="[ \$(($at + 512)) -le \$4 ] || [ \$((\$4 + \$3)) -le $at ] || {
                 echo 'EIO bad sector' >&2; exit 1; }"
  serve_nbdkit "$1" eval get_size="stat -c %s '$2'" can_write='exit 0' \
    block_size='echo 512 4096 32M' can_flush='exit 0' flush='exit 0' \
    thread_model='echo serialize_requests' \
    pread="$([ "$3" != pread ] || echo "$fails")
           dd if='$2' bs=64k iflag=skip_bytes,count_bytes skip=\$4 count=\$3 \
              status=none" \
    pwrite="$([ "$3" != pwrite ] || echo "$fails")
            dd of='$2' bs=64k oflag=seek_bytes iflag=fullblock seek=\$4 \
               conv=notrunc status=none"
}

for bad in source:pread destination:pread destination:pwrite; do
  side=${bad%:*} op=${bad#*:} op=${op#p}
  cp "$tmp/disk" "$tmp/copy"
  for place in 0 512000 $((at - 5)) $((at + 520)) 2097152 4000000; do
    put_data "$tmp/copy" $place 10
  done
  put_data "$tmp/copy" $at 512
  cp "$tmp/copy" "$tmp/before"
  if [ $side = source ]; then
    serve_bad src "$tmp/disk" "${bad#*:}"
    serve_nbdkit dst file "$tmp/copy"
  else
    serve_nbdkit src -r file "$tmp/disk"
    serve_bad dst "$tmp/copy" "${bad#*:}"
  fi
  copy_fails 1 "^stripecopy: $side .*: $op failed at offset" --update \
             -T 1 -R 1 --retries=0 "$src" "$dst"
  expect_error_at $at
  stop_server src
  stop_server dst
  # Each sector is that of one of both.
  python3 - "$tmp" $at <<'END' || fail "$bad: the destination has something else"
import sys
folder, at = sys.argv[1], int(sys.argv[2])
disk, before, copy = (open(f"{folder}/{name}", "rb").read()
                      for name in ("disk", "before", "copy"))
for i in range(0, len(disk), 512):
    assert copy[i:i + 512] in (disk[i:i + 512], before[i:i + 512]), i
assert copy[at:at + 512] == before[at:at + 512] != disk[at:at + 512]
END
  # The ranges before the request were copied.
  cmp -s -n 4096 "$tmp/disk" "$tmp/copy" || fail "$bad: nothing was updated"
done
