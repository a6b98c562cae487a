# SPDX-License-Identifier: LGPL-2.1-or-later
# A terminal for tests: runs a command in it, and keeps the content of the screen.
# It knows the sequences that stripecopy writes, and refuses others.
import fcntl, os, pty, re, select, struct, sys, termios, time, unicodedata

class Terminal:
    def __init__ (self, width, height, command):
        self.pid, self.fd = pty.fork ()
        if self.pid == 0:
            os.read (0, 1)              # until the window has its size
            os.execv (command[0], command)
        self.lines, self.row, self.column = [""], 0, 0
        self.resize (width, height)
        os.write (self.fd, b"\n")
        self.rest = b""
        self.seen = ""                  # all that was ever written

    # Breaks lines that are longer than a new width, as terminals do.
    def resize (self, width, height):
        parts = [[line[at:at + width] for at in range (0, len (line), width)]
                 or [""] for line in self.lines]
        self.row = sum (len (part) for part in parts[:self.row + 1]) - 1
        self.column = min (self.column, len (parts[-1][-1]))
        self.lines = [line for part in parts for line in part]
        self.height = height
        fcntl.ioctl (self.fd, termios.TIOCSWINSZ,
                     struct.pack ("HHHH", height, width, 0, 0))

    def cells (self, text):
        return sum (0 if unicodedata.combining (c) else
                    2 if unicodedata.east_asian_width (c) in "WF" else 1
                    for c in text)

    def put (self, c):
        line = self.lines[self.row].ljust (self.column)
        self.lines[self.row] = line[:self.column] + c + line[self.column + 1:]
        self.column += 1

    def control (self, number, kind):
        if kind == "A":
            self.row = max (0, self.row - int (number or 1))
        else:
            assert kind in "JK" and not number, (number, kind)
            self.lines[self.row] = self.lines[self.row][:self.column]
            if kind == "J":
                # tmux keeps a window that is erased as a whole in its history.
                assert self.column or self.row > len (self.lines) - self.height
                del self.lines[self.row + 1:]

    def take (self, text):
        for m in re.finditer (r"\033\[(\d*)([A-Za-z])|(.)", text, re.S):
            if m[2]:
                self.control (m[1], m[2])
            elif m[3] == "\r":
                self.column = 0
            elif m[3] == "\n":
                self.row += 1
                if self.row == len (self.lines):
                    self.lines.append ("")
            else:
                assert m[3].isprintable (), repr (m[3])
                self.put (m[3])

    # Reads what the command writes; False at its end.
    def read (self):
        try:
            new = os.read (self.fd, 65536)
        except OSError:
            return False
        data = self.rest + new
        whole = len (data)
        for at in range (max (0, whole - 8), whole):
            if data[at] == 27 and not re.search (rb"[A-Za-z]", data[at:]):
                whole = at              # half of a sequence
        try:
            text = data[:whole].decode ()
        except UnicodeDecodeError as e:
            whole = e.start
            text = data[:whole].decode ()
        self.rest = data[whole:]
        self.seen += text
        self.take (text)
        return bool (new)

    # All rows but empty ones after the cursor.
    def screen (self):
        rows = [line.rstrip () for line in self.lines]
        while len (rows) > self.row + 1 and not rows[-1]:
            del rows[-1]
        return "\n".join (rows)

    def wait_for (self, pattern):
        while not re.search (pattern, self.screen (), re.M):
            assert self.read (), (pattern, self.screen ())

    def end (self):
        while self.read ():
            pass
        return os.waitstatus_to_exitcode (os.waitpid (self.pid, 0)[1])
