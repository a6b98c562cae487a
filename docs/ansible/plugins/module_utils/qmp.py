# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sends commands to a QEMU by its monitor protocol, QMP.

Also a program: it sends the commands from standard input, JSON objects one
after the other, prints what each returns, and ends at the first error.

    python3 qmp.py SOCKET < COMMANDS
"""

import json
import socket
import sys

# These commands only begin something; an event says when it is done. The
# argument of the command that names it is a field of the event, too.
ENDS = {
    "block-export-del": ("id", ["BLOCK_EXPORT_DELETED"]),
    "block-job-cancel": ("device", ["BLOCK_JOB_CANCELLED",
                                    "BLOCK_JOB_COMPLETED"]),
    "system_powerdown": (None, ["SHUTDOWN"]),
}


class QmpError(Exception):
    """An error that QEMU has answered, or a lost connection."""


class Monitor:
    """A connection to the socket of a monitor."""

    def __init__(self, path, timeout=None):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.lines = self.socket.makefile(encoding="utf-8")
        self.events = []
        self.receive()                      # the greeting
        self.execute({"execute": "qmp_capabilities"})

    def close(self):
        self.lines.close()
        self.socket.close()

    def receive(self):
        line = self.lines.readline()
        if not line:
            raise QmpError("QEMU has closed the connection")
        return json.loads(line)

    def execute(self, command):
        """Returns what a command returns, when what it begins is done."""
        self.events = []
        self.socket.sendall(json.dumps(command).encode() + b"\n")
        message = self.receive()
        while "event" in message:
            self.events.append(message)
            message = self.receive()
        if "error" in message:
            raise QmpError("%s: %s" % (command.get("execute"),
                                       message["error"]["desc"]))
        self.wait(command)
        return message["return"]

    def wait(self, command):
        """Waits for the event that ends a command, if it has one."""
        name, kinds = ENDS.get(command["execute"], (None, []))
        while kinds:
            if not self.events:
                message = self.receive()
                self.events += [message] if "event" in message else []
                continue
            event = self.events.pop(0)
            if event["event"] in kinds and (
                    name is None
                    or event["data"][name] == command["arguments"][name]):
                return


def parse(text):
    """Returns the JSON objects that follow each other in a text."""
    decoder = json.JSONDecoder()
    objects = []
    text = text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        objects.append(value)
        text = text[end:].strip()
    return objects


def main():
    commands = parse(sys.stdin.read())
    try:
        monitor = Monitor(sys.argv[1])
        for command in commands:
            print(json.dumps(monitor.execute(command)), flush=True)
    except (OSError, QmpError) as error:
        sys.exit("qmp: %s" % error)


if __name__ == "__main__":
    main()
