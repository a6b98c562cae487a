#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Random disks are updated to random others, in files and through servers with
# blocks of 512 bytes to 64 KiB: they become equal, and each write or zero lies
# in blocks that differ, or in the 16 KiB between two of them.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter blocksize-policy
requires python3

# make_case NUMBER: makes $tmp/disk, and $tmp/copy that differs in places.
make_case ()
{
  python3 - "$tmp" "$1" <<'END'
import random, sys
folder, r = sys.argv[1], random.Random(int(sys.argv[2]))
size = 65536 * r.randrange(1, 60)
disk = bytearray()
while len(disk) < size:
    n = r.choice([512, 4096, 65536, 300000]) * r.randrange(1, 4)
    disk += r.choice([bytes(n), r.randbytes(n)])
disk = disk[:size]
copy = bytearray(disk)
for _ in range(r.randrange(0, 20)):
    start = r.randrange(size)
    n = min(size - start, r.choice([1, 512, 4096, 10000, 200000]))
    side = r.choice([disk, copy])
    side[start:start + n] = r.choice([bytes(n), r.randbytes(n)])
for name, content in (("disk", disk), ("copy", copy)):
    with open(f"{folder}/{name}", "wb") as f:
        for at in range(0, size, 4096):    # sparse where it is zero
            if any(content[at:at + 4096]):
                f.seek(at)
                f.write(content[at:at + 4096])
        f.truncate(size)
END
  cp "$tmp/copy" "$tmp/before"
}

# Each write and each zero of dst begins and ends in a block that differs, and
# has fewer than 16 KiB of blocks that are the same together.
expect_only_differences_written ()
{
  python3 - "$tmp" "$1" <<'END' ||
import re, sys
folder, block = sys.argv[1], int(sys.argv[2])
disk = open(f"{folder}/disk", "rb").read()
before = open(f"{folder}/before", "rb").read()
def differs(at):
    return disk[at:at + block] != before[at:at + block]
for line in open(f"{folder}/dst.requests"):
    m = re.search(r" (Write|Zero|Trim) id=\d+ offset=(0x[0-9a-f]+)"
                  r" count=(0x[0-9a-f]+)", line)
    if not m:
        continue
    start, end = int(m[2], 16), int(m[2], 16) + int(m[3], 16)
    if start % block or (end % block and end != len(disk)):
        sys.exit(f"no whole blocks: {line}")
    run = 0
    for at in range(start, end, block):
        run = 0 if differs(at) else run + block
        if run >= max(16384, block):
            sys.exit(f"too much that is the same: {line}")
END
    fail "the destination got more than what differs"
}

for n in {1..12}; do
  make_case "$n"
  copy_ok --update -T $((n % 3 + 1)) "$tmp/disk" "$tmp/copy"
  expect_identical "$tmp/disk" "$tmp/copy"
done

for block in 512 4096 65536; do
  for n in {1..4}; do
    make_case $((block + n))
    serve_logged src -r file "$tmp/disk"
    serve_logged dst --filter=blocksize-policy file "$tmp/copy" \
                 blocksize-minimum=$block blocksize-preferred=$block \
                 blocksize-error-policy=error
    sparse=$block
    [ $n -ne 1 ] || sparse=0            # no zeroes are searched for
    copy_ok --update -S $sparse -T $((n % 3 + 1)) -C 3 --report="$tmp/report" \
            "$src" "$dst"
    stop_server src
    stop_server dst
    expect_identical "$tmp/disk" "$tmp/copy"
    [ $n -ne 1 ] || [ $block -ge 4096 ] || continue # blocks of 4 KiB then
    expect_only_differences_written $block
  done
done

# qemu-nbd, on both sides.
if command -v qemu-nbd > "$tmp/found"; then
  make_case 77
  serve_qemu_nbd from -r -f raw --shared=4 "$tmp/disk"
  serve_qemu_nbd to -f raw --shared=4 --cache=writeback "$tmp/copy"
  copy_ok --update "$from" "$to"
  expect_identical "$tmp/disk" "$tmp/copy"
fi
