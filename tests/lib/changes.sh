# SPDX-License-Identifier: LGPL-2.1-or-later
# Disks with changed parts, and servers whose meta context reports these.
# Sourced by tests of --changed, after test.sh.
# shellcheck shell=bash disable=SC2154

# The option for the bitmap that all of them have.
changed=--changed=qemu:dirty-bitmap:b0

# make_changes SEED [BLOCKS [SIZE]]: makes a disk with runs of data and zeroes,
# each of up to BLOCKS blocks; an old copy of it that differs in each byte;
# $tmp/changes, which lists the changed blocks of 4 KiB; and $tmp/want, the
# content that the copy must have afterwards.
make_changes ()
{
  requires python3
  python3 - "$tmp" "$@" <<'END_OF_PYTHON'
import random, sys
folder, seed = sys.argv[1], sys.argv[2]
most = int((sys.argv[3:4] or [64])[0])
size = int((sys.argv[4:5] or [4 * 2**20 + 513])[0])
r, BLOCK = random.Random(seed), 4096
blocks = -(-size // BLOCK)
def runs(values, most):
    v = bytearray()
    while len(v) < blocks:
        v += bytes([r.choice(values)]) * r.randrange(1, most + 1)
    return v[:blocks]
# A source of zeroes in a third of it; its border is mostly not one of changes.
kinds, changes = runs([0, 1, 1], most), runs([0, 1], most)
disk, old, want = bytearray(), bytearray(), bytearray()
for i in range(blocks):
    n = min(BLOCK, size - i * BLOCK)
    new = (b"%15d\n" % i * 256)[:n] if kinds[i] else bytes(n)
    disk += new
    old += b"\xff" * n
    want += new if changes[i] else b"\xff" * n
for name, content in (("disk", disk), ("copy", old), ("want", want),
                      ("old", old), ("changes", changes)):
    with open(f"{folder}/{name}", "wb") as f:
        f.write(content)
END_OF_PYTHON
}

# Starts the faulty server with $tmp/changes as a dirty bitmap: ARGS are its
# options and the disk's file.  Its requests are in $tmp/NAME.requests.
serve_changes ()
{
  local name=$1
  shift
  remove_old "$tmp/$name.requests"
  serve_faulty "$name" --context="${changed#*=}" --changes="$tmp/changes" \
               --requests="$tmp/$name.requests" "$@"
}

# Checks that each byte of the copy is that of one of two files: want and disk
# if more may count as changed than has, old and want after a copy that failed.
expect_bytes_of ()
{
  python3 - "$tmp" "$@" <<'END_OF_PYTHON' || fail "wrong bytes: see above"
import sys
folder, names = sys.argv[1], ["copy"] + sys.argv[2:]
copy, a, b = (open(f"{folder}/{name}", "rb").read() for name in names)
if not len(copy) == len(a) == len(b):
    sys.exit(f"{len(copy)} bytes")
for i in range(0, len(copy), 4096):
    if copy[i:i + 4096] in (a[i:i + 4096], b[i:i + 4096]):
        continue
    for k in range(i, min(i + 4096, len(copy))):
        if copy[k] not in (a[k], b[k]):
            sys.exit(f"byte {k} is {copy[k]}, not {a[k]} or {b[k]}")
END_OF_PYTHON
}

# Checks that all reads, writes and zeroes of these servers are about changed
# blocks only, by $tmp/NAME.requests, and that each has got some.  The logs are
# those of the faulty server or of nbdkit.
expect_only_changes_touched ()
{
  python3 - "$tmp" "$@" <<'END_OF_PYTHON' || fail "$*: see above"
import re, sys
folder, names = sys.argv[1], sys.argv[2:]
with open(f"{folder}/changes", "rb") as f:
    changes = f.read()
pattern = re.compile(r"(?:.* )?(read|write|zero|trim)(?: id=\d+ offset=| )"
                     r"(0x[0-9a-f]+|\d+)(?: count=| )(0x[0-9a-f]+|\d+)", re.I)
for name in names:
    found = 0
    for line in open(f"{folder}/{name}.requests"):
        m = pattern.match(line)
        if not m:
            continue
        found += 1
        start, length = int(m[2], 0), int(m[3], 0)
        if 0 in changes[start // 4096:-(-(start + length) // 4096)]:
            sys.exit(f"{name}: not changed: {line.strip()}")
    if found == 0:
        sys.exit(f"{name}: no such request")
END_OF_PYTHON
}

# Makes a qcow2 image of a full disk with clusters of 64 KiB and, from then on,
# a bitmap: make_image_with_bitmap FILE SIZE [GRANULARITY]
make_image_with_bitmap ()
{
  requires qemu-img qemu-io qemu-nbd
  make_data "$1.raw" "$2"
  qemu-img convert -f raw -O qcow2 "$1.raw" "$1"
  qemu-img bitmap --add -g "${3:-65536}" "$1" b0
  mv "$1.raw" "$1.before"
}

# Writes to an image: write_image FILE COMMAND..., as qemu-io has them.
write_image ()
{
  local image=$1 c words=()
  shift
  for c; do
    words+=(-c "$c")
  done
  qemu-io -f qcow2 -d unmap "${words[@]}" "$image" > "$tmp/qemu-io" 2>&1 ||
    fail "qemu-io: $(cat "$tmp/qemu-io")"
}
