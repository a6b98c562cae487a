#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Block status that ends anywhere, also between two selected ranges or within
# one, does not let a request reach into unselected bytes.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires python3

# Ranges of a few bytes to some blocks, with as much between them: no end is a
# multiple of the file system's block.
python3 - "$tmp" <<'END'
import json, random, sys
folder, r, size = sys.argv[1], random.Random(16), 8 * 2**20 + 77
new, old = bytes(range(1, 252)) * (size // 251 + 1), b"\xff" * size
new, want, extents, at = new[:size], bytearray(old), [], 0
while at < size:
    at += r.choice((1, 100, 5000, 70000))
    length = min(max(size - at, 0), r.choice((3, 700, 9000, 150000)))
    if length:
        extents.append({"byte_offset": at, "size_bytes": length})
    want[at:at + length] = new[at:at + length]
    at += length
for name, content in (("disk", new), ("old", old), ("want", want)):
    with open(f"{folder}/{name}", "wb") as f:
        f.write(content)
with open(f"{folder}/list", "w") as f:
    json.dump(extents, f)
END

for mode in status-odd status-short; do
  [ -z "${src:-}" ] || stop_server src
  serve_faulty src --mode=$mode "$tmp/disk"
  for options in "-T 1" --update --verify; do
    cp "$tmp/old" "$tmp/copy"
    # shellcheck disable=SC2086
    copy_ok --extents="$tmp/list" $options "$src" "$tmp/copy"
    expect_identical "$tmp/want" "$tmp/copy"
  done
  expect_fired src
done
