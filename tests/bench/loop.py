#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies what has changed, as many backup programs do: one synchronous read and
one synchronous write for each extent, over one connection to each side.

    loop.py SOURCE DESTINATION CONTEXT|FILE

CONTEXT is a meta context of the source with dirty extents, such as
qemu:dirty-bitmap:b0; FILE is a list of extents as JSON, with start and length.
Needs libnbd's module for Python, which Debian has for /usr/bin/python3 only.
"""

import json
import sys

import nbd

REQUEST = 32 << 20              # the largest one that all servers take
QUESTION = (4 << 30) - (64 << 20)


def dirty_extents(source, context):
    """Asks for all of the disk first, one request at a time."""
    size, at, found = source.get_size(), 0, []

    def take(name, offset, entries, error):
        nonlocal at
        if name != context:
            return
        for length, flags in zip(entries[::2], entries[1::2]):
            if flags & 1:
                found.append((offset, length))
            offset += length
        at = offset

    while at < size:
        source.block_status(min(QUESTION, size - at), at, take)
    return found


def main():
    source_uri, destination_uri, which = sys.argv[1:]
    source, destination = nbd.NBD(), nbd.NBD()
    if which.startswith("/"):
        with open(which, encoding="utf-8") as f:
            extents = [(e["start"], e["length"])
                       for e in json.load(f)["changedArea"]]
    else:
        source.add_meta_context(which)
        extents = None
    source.connect_uri(source_uri)
    destination.connect_uri(destination_uri)
    if extents is None:
        extents = dirty_extents(source, which)
    for start, length in extents:
        for at in range(start, start + length, REQUEST):
            n = min(REQUEST, start + length - at)
            destination.pwrite(source.pread(n, at), at)
    destination.flush()


main()
