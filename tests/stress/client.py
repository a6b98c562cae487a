# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that reads a whole export over a unix socket, and nothing else."""

import socket
import struct

OPTION_MAGIC = 0x49484156454F5054       # "IHAVEOPT"
REQUEST_MAGIC, REPLY_MAGIC = 0x25609513, 0x67446698
NBD_OPT_EXPORT_NAME = 1
NBD_CMD_READ, NBD_CMD_DISC = 0, 2
PIECE = 1 << 20


def receive(sock, length):
    parts = []
    while length > 0:
        part = sock.recv(min(length, PIECE))
        if not part:
            raise OSError("the server closed the connection")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def handshake(sock, name):
    """Does the handshake, and returns the size of the export."""
    _, magic, flags = struct.unpack(">QQH", receive(sock, 18))
    if magic != OPTION_MAGIC:
        raise OSError("no newstyle server")
    no_zeroes = flags & 2
    sock.sendall(struct.pack(">I", 1 | no_zeroes))
    sock.sendall(struct.pack(">QII", OPTION_MAGIC, NBD_OPT_EXPORT_NAME,
                             len(name)) + name)
    size, _ = struct.unpack(">QH", receive(sock, 10))
    if not no_zeroes:
        receive(sock, 124)
    return size


def read_at(sock, offset, length):
    sock.sendall(struct.pack(">IHHQQI", REQUEST_MAGIC, 0, NBD_CMD_READ,
                             offset, offset, length))
    magic, error, cookie = struct.unpack(">IIQ", receive(sock, 16))
    if magic != REPLY_MAGIC or cookie != offset:
        raise OSError("that is no reply to this read")
    if error != 0:
        raise OSError(error, "read failed")
    return receive(sock, length)


def read_export(path, name=b"", piece=PIECE):
    """Returns all bytes of an export."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(60)
        sock.connect(path)
        size = handshake(sock, name)
        parts = [read_at(sock, at, min(piece, size - at))
                 for at in range(0, size, piece)]
        sock.sendall(struct.pack(">IHHQQI", REQUEST_MAGIC, 0, NBD_CMD_DISC,
                                 0, 0, 0))
        return b"".join(parts)
