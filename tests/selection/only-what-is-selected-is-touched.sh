#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Random disks and random selections, to files and to servers with large blocks:
# selected ranges become equal, and no other byte changes, except in the rest of
# a block at the edge of a selected range.  No request is outside of that
# either.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter blocksize-policy
requires python3

# case NUMBER BLOCK: makes $tmp/disk, $tmp/copy, the list, and $tmp/want.
make_case ()
{
  python3 - "$tmp" "$1" "$2" <<'END'
import json, random, sys
folder, seed, block = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
r = random.Random(seed)
size = 4096 * r.randrange(1, 700)
def disk(values):
    b = bytearray()
    while len(b) < size:
        n = r.choice([512, 4096, 65536, 300000]) * r.randrange(1, 4)
        b += bytes([r.choice(values)]) * n
    return b[:size]
old, new = disk([0, 0, 1, 2]), disk([0, 0, 0, 3, 4])
extents = []
for _ in range(r.randrange(0, 30)):
    start = r.randrange(size)
    length = min(size - start, r.choice([1, 511, 4096, 70000, 1000000]))
    extents.append({"byte_offset": start, "size_bytes": length})
want = bytearray(old)
for e in extents:
    start = e["byte_offset"] // block * block
    end = min(size, -(-(e["byte_offset"] + e["size_bytes"]) // block) * block)
    want[start:end] = new[start:end]
for name, content in (("disk", new), ("copy", old), ("want", want)):
    with open(f"{folder}/{name}", "wb") as f:
        f.write(content)
with open(f"{folder}/list", "w") as f:
    json.dump(extents, f)
with open(f"{folder}/ranges", "w") as f:
    for e in extents:
        f.write(f"{e['byte_offset'] // block * block}"
                f" {min(size, -(-(e['byte_offset'] + e['size_bytes']) // block) * block)}\n")
END
}

# Each write, zero and read of data lies in one of the ranges, merged.
expect_requests_within ()
{
  python3 - "$tmp/ranges" "$tmp/$1.requests" <<'END' ||
import re, sys
merged = []
for start, end in sorted(tuple(map(int, l.split())) for l in open(sys.argv[1])):
    if merged and start <= merged[-1][1]:
        merged[-1][1] = max(merged[-1][1], end)
    else:
        merged.append([start, end])
for line in open(sys.argv[2]):
    m = re.search(r" (Read|Write|Zero|Trim) id=\d+ offset=(0x[0-9a-f]+)"
                  r" count=(0x[0-9a-f]+)", line)
    if m:
        start, end = int(m[2], 16), int(m[2], 16) + int(m[3], 16)
        if not any(a <= start and end <= b for a, b in merged):
            sys.exit(f"outside: {line}")
END
    fail "$1 got a request outside of the selection"
}

for n in {1..24}; do
  make_case "$n" 1
  copy_ok -T $((n % 3 + 1)) --extents="$tmp/list" "$tmp/disk" "$tmp/copy"
  expect_identical "$tmp/want" "$tmp/copy"
done

for n in {25..40}; do
  make_case "$n" 4096
  serve_logged src --filter=blocksize-policy -r file "$tmp/disk" \
               blocksize-minimum=4096 blocksize-error-policy=error
  serve_logged dst --filter=blocksize-policy file "$tmp/copy" \
               blocksize-minimum=512 blocksize-error-policy=error
  copy_ok -T $((n % 3 + 1)) -C 3 --extents="$tmp/list" "$src" "$dst"
  stop_server src
  stop_server dst
  expect_identical "$tmp/want" "$tmp/copy"
  expect_requests_within src
  expect_requests_within dst
done
