# SPDX-License-Identifier: LGPL-2.1-or-later
"""Listens at an address, and runs a server that gets the socket as systemd's
socket activation has it: for addresses that servers cannot be told themselves.

listen.py PIDFILE KIND [NAME] -- CMD [ARGS...]

KIND is abstract (with a NAME), tcp4, tcp6, or vsock.  The pid file then has two
lines: the server's pid, and the port.
"""

import os
import socket
import sys

split = sys.argv.index("--")
pid_file, kind, *name = sys.argv[1:split]
command = sys.argv[split + 1:]

if kind == "abstract":
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0" + name[0])
elif kind == "tcp4":
    listener = socket.socket(socket.AF_INET)
    listener.bind(("127.0.0.1", 0))
elif kind == "tcp6":
    listener = socket.socket(socket.AF_INET6)
    listener.bind(("::1", 0))
else:
    listener = socket.socket(socket.AF_VSOCK)
    listener.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
listener.listen()

if listener.fileno() != 3:
    os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
port = "-" if kind == "abstract" else listener.getsockname()[1]
with open(pid_file + ".new", "w") as file:
    print(os.getpid(), port, sep="\n", file=file)
os.rename(pid_file + ".new", pid_file)
os.execvp(command[0], command)
