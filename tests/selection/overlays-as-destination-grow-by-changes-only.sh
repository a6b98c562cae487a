#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination can be an overlay that qemu-nbd serves: it gets only the changed
# blocks, and no other block of it is allocated, even as zeroes.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_formats qcow2

make_image_with_bitmap "$tmp/image.qcow2" 8M
write_image "$tmp/image.qcow2" 'write -P 7 1M 64k' 'write -z 3M 128k' \
            'write -P 9 6M 256k'
qemu-img convert -f qcow2 -O raw "$tmp/image.qcow2" "$tmp/now"
serve_qemu_nbd src -t -r -e 4 -f qcow2 -B b0 "$tmp/image.qcow2"

for n in 1 4; do
  rm -f "$tmp/overlay"
  qemu-img create -q -f qcow2 -b "$tmp/image.qcow2.before" -F raw "$tmp/overlay"
  serve_qemu_nbd dst -t -e 8 --discard=unmap --detect-zeroes=unmap -f qcow2 \
                 "$tmp/overlay"
  copy_ok -T $n -C $n --verify "$changed" "$src" "$dst"
  stop_server dst
  expect_same_disk raw "$tmp/now" qcow2 "$tmp/overlay"
  qemu-img map --output=json "$tmp/overlay" > "$tmp/map"
  python3 - "$tmp/map" <<'END_OF_PYTHON' || fail "$(cat "$tmp/map")"
import json, sys
top = [(e["start"], e["length"]) for e in json.load(open(sys.argv[1]))
       if e["depth"] == 0]
M, K = 1 << 20, 1 << 10
if sum(length for _, length in top) > 448 * K or \
   any(not (M <= a < M + 64 * K or 3 * M <= a < 3 * M + 128 * K or
            6 * M <= a < 6 * M + 256 * K) for a, _ in top):
    sys.exit(1)
END_OF_PYTHON
done
