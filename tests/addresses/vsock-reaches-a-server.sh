#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Servers are reached by vsock, here by its loopback.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires python3

python3 - << 'END' 2> "$errors" || skip "vsock has no loopback here"
import socket
listener = socket.socket(socket.AF_VSOCK)
listener.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
listener.listen()
client = socket.socket(socket.AF_VSOCK)
client.settimeout(1)
client.connect((1, listener.getsockname()[1]))
END

make_disks 8
serve_at src vsock -r file "$tmp/disk"
serve_at dst vsock file "$tmp/copy"
copy_ok -C 3 -T 3 "nbd+vsock://1:$src_port/" "nbd+vsock://1:$dst_port/"
expect_identical "$tmp/disk" "$tmp/copy"
