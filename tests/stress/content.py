# SPDX-License-Identifier: LGPL-2.1-or-later
"""The content of a disk: extents of data, of written zeroes and of holes.

Data is a stream of bytes that depends on its offset, so that data copied
to another place is seen.  A disk is small enough to be held in memory.
"""

import hashlib
import os

KiB, MiB = 1 << 10, 1 << 20
LAYOUTS = ("dense", "empty", "islands", "comb", "zeroes", "edges")


class Content:
    def __init__(self, seed, size, extents):
        self.size = size
        self.extents = extents          # (start, end, "data"|"zero"|"hole")
        data = bytearray(size)
        for start, end, kind in extents:
            if kind == "data":
                text = f"{seed}:{start}".encode()
                data[start:end] = hashlib.shake_128(text).digest(end - start)
        self.bytes = bytes(data)

    def write(self, path):
        """Makes a file with this content and these holes."""
        with open(path, "wb") as f:
            f.truncate(self.size)
            for start, end, kind in self.extents:
                if kind != "hole":
                    f.seek(start)
                    f.write(self.bytes[start:end])

    def extent_list(self):
        """Returns the extents as nbdkit's extentlist filter reads them."""
        kinds = {"data": "", "zero": "zero", "hole": "hole,zero"}
        return "".join(f"{start} {end - start} {kinds[kind]}\n"
                       for start, end, kind in self.extents)


def log_uniform(rng, low, high):
    """Draws a number; all orders of magnitude are equally likely."""
    return low * (high / low) ** rng.random()


def runs(rng, size, unit, kinds):
    """Draws runs of each kind in turn, of any length."""
    extents, at = [], 0
    turn = rng.randrange(len(kinds))
    most = rng.choice((8 * KiB, 256 * KiB, 4 * MiB))
    while at < size:
        length = int(log_uniform(rng, unit, max(most, unit + 1)))
        length = max(length - length % unit, unit)
        if len(extents) > 3000:         # enough of small ones
            length = size
        end = min(at + length, size)
        extents.append((at, end, kinds[turn % len(kinds)]))
        turn += 1
        at = end
    return extents


def comb(rng, size, unit):
    """Draws data and holes in strict alternation."""
    period = rng.choice((4, 8, 16, 64, 256)) * KiB
    while size // period > 2000:
        period *= 2
    tooth = max(unit, int(period * rng.uniform(0.05, 0.95)) // unit * unit)
    gap = rng.choice(("hole", "hole", "zero"))
    extents = []
    for at in range(0, size, period):
        extents.append((at, min(at + tooth, size), "data"))
        if at + tooth < min(at + period, size):
            extents.append((at + tooth, min(at + period, size), gap))
    return extents


def draw_extents(rng, size, layout, unit):
    if layout == "dense":
        return [(0, size, "data")]
    if layout == "empty":
        return [(0, size, rng.choice(("hole", "zero")))]
    if layout == "comb":
        return comb(rng, size, unit)
    if layout == "zeroes":
        return runs(rng, size, unit, ("data", "zero", "data", "hole"))
    if layout == "edges":               # data at both ends only
        edge = min(unit, (size + 1) // 2)
        middle = [(edge, size - edge, "hole")] if size > 2 * edge else []
        return [(0, edge, "data")] + middle + \
               ([(max(edge, size - edge), size, "data")] if size > edge else [])
    return runs(rng, size, unit, ("data", "hole"))


def draw(rng, seed, size, layout, unit):
    return Content(seed, size, draw_extents(rng, size, layout, unit))


def first_difference(want, got):
    """Returns where two disks differ, or None."""
    if want == got:
        return None
    if len(want) != len(got):
        return f"{len(got)} bytes, not {len(want)}"
    sectors = [at for at in range(0, len(want), 512)
               if want[at:at + 512] != got[at:at + 512]]
    at = next(i for i in range(sectors[0], len(want)) if want[i] != got[i])
    what = "zero" if not any(got[sectors[0]:sectors[0] + 512]) else "not zero"
    return (f"{len(sectors)} sectors differ, the first at byte {at}, which "
            f"is {got[at]:#04x} and not {want[at]:#04x} (its sector is {what};"
            f" the last differing sector is at {sectors[-1]})")


BITMAP_BLOCK = 4 * KiB


def draw_bitmap(rng, size, most):
    """Draws the blocks that have changed: a byte for each, 0 or 1."""
    blocks = (size + BITMAP_BLOCK - 1) // BITMAP_BLOCK
    bitmap = bytearray()
    while len(bitmap) < blocks:
        bitmap += bytes([rng.randrange(2)]) * rng.randint(1, most)
    return bytes(bitmap[:blocks])


def unchanged(bitmap, new, old, got, start, lenient):
    """Returns new, with the old content where nothing has changed.

    All three begin at start.  If lenient, each of these bytes can also be as
    it is in the new content; the ones of got decide which.
    """
    want = bytearray(new)
    at, end = 0, min(len(want), len(bitmap) * BITMAP_BLOCK - start)
    while at < end:
        block, to = (start + at) // BITMAP_BLOCK, at
        while to < end and bitmap[(start + to) // BITMAP_BLOCK] == \
                bitmap[block]:
            to = min(end, to + BITMAP_BLOCK - (start + to) % BITMAP_BLOCK)
        if not bitmap[block]:
            want[at:to] = choose(old[start + at:start + to], new[at:to],
                                 got[at:to]) if lenient else \
                old[start + at:start + to]
        at = to
    return bytes(want)


def choose(old, new, got):
    """Returns, for each byte, the old one or the new one: that of got."""
    if got in (old, new):
        return got
    return bytes(g if g == n else o for o, n, g in zip(old, new, got))


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


def read_part(path, start, length):
    with open(path, "rb") as f:
        return os.pread(f.fileno(), length, start)


def blkhash(data, name, block):
    """Returns the digest as the man page defines it."""
    whole = hashlib.new(name)
    for at in range(0, len(data), block):
        whole.update(hashlib.new(name, data[at:at + block]).digest())
    whole.update(len(data).to_bytes(8, "little"))
    return whole.hexdigest()
