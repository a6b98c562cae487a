# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sides of a copy: their files, servers and devices, and their content.

A side is prepared once.  Its server can be killed and started again.
"""

import os
import signal
import subprocess
import sys
import time

import cases
import client
import family
from cases import CHANGED, NEVER, SILENT, least_block
from content import BITMAP_BLOCK, Content, draw_bitmap, draw_extents, read_file, read_part, \
    unchanged

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 30           # seconds until a server listens


class Broken(Exception):
    """An error of the stress test itself."""


def run(argv, folder):
    done = subprocess.run(argv, cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Broken(f"{' '.join(argv)}: {done.stdout.strip()}")


class Server:
    """A server that listens on a unix socket."""

    def __init__(self, trial, name, argv, pid_file=None, daemon=False):
        self.trial, self.name, self.argv = trial, name, argv
        self.mark = f"{trial.folder}/server/{name}"
        self.socket = trial.path(f"{name}.sock")
        self.pid_file = pid_file
        self.daemon = daemon            # it detaches from its parent
        self.process = self.pid = None
        self.was_ended = False          # by us

    def start(self):
        for path in (self.socket, self.pid_file):
            if path and os.path.exists(path):
                os.unlink(path)
        self.was_ended = False
        log = open(self.trial.path(f"{self.name}.log"), "ab")
        self.process = family.spawn(self.argv, self.mark,
                                    stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, cwd=self.trial.folder)
        log.close()
        self.pid = None if self.daemon else self.process.pid

    def is_up(self):
        try:
            return os.path.getsize(self.pid_file) > 0 and \
                os.path.exists(self.socket)
        except OSError:
            return False

    def has_ended(self):
        if not self.daemon:
            return self.process is None or self.process.poll() is not None
        return self.pid is not None and not family.is_alive(self.pid)

    def has_crashed(self):
        """Returns True if it has ended by itself."""
        return not self.daemon and not self.was_ended and self.has_ended()

    def wait_up(self):
        deadline = time.monotonic() + PATIENCE
        while not self.is_up():
            if self.has_ended() or time.monotonic() > deadline:
                log = read_file(self.trial.path(f"{self.name}.log"))
                raise Broken(f"{' '.join(self.argv)}: it does not listen: "
                             f"{log[-500:].decode(errors='replace')}")
            time.sleep(0.005)
        if self.daemon:
            with open(self.pid_file) as f:
                self.pid = int(f.read())

    def find(self):
        """Reads a daemon's pid from its pid file."""
        if self.daemon and self.pid is None and self.is_up():
            with open(self.pid_file) as f:
                self.pid = int(f.read())
        return self.pid

    def signal(self, name):
        if self.find() is None or self.has_ended():
            return False
        return family.kill(self.pid, getattr(signal, "SIG" + name))

    def end(self, name):
        """Ends it with a signal, and waits for that."""
        sent = self.signal(name)
        self.was_ended = self.was_ended or sent
        self.signal("CONT")
        deadline = time.monotonic() + PATIENCE
        while not self.has_ended():
            if self.daemon:
                family.reap(keep=self.trial.children())
            if time.monotonic() > deadline:
                self.signal("KILL")
            time.sleep(0.002)
        if self.daemon:                 # it has a process for each client
            family.end_all(self.mark)
            family.reap(keep=self.trial.children())
        return sent


class Side:
    """Shared by both kinds of sides."""

    role = None

    def __init__(self, trial, disk):
        self.trial, self.disk = trial, disk
        self.spec = disk[self.role]
        self.kind = self.spec["kind"]
        self.name = f"{self.role}{disk['number']}"
        self.server = self.device = None
        self.file = trial.path(f"{self.name}.disk")
        self.error_file = trial.path(f"{self.name}.faulty")
        self.calm = False
        self.holder = None

    # ------------------------------------------------------------ servers

    def filters(self, plugin):
        words = []
        for name, _ in self.spec.get("filters", ()):
            words.append(f"--filter={name}")
        words += plugin
        for name, parameters in self.spec.get("filters", ()):
            words += parameters
            if name == "error":
                words.append(f"error-file={self.error_file}")
            if name == "extentlist":
                words.append(f"extentlist={self.trial.path(self.name)}.list")
        return words

    def nbdkit(self, plugin):
        pid_file = self.trial.path(f"{self.name}.pid")
        return Server(self.trial, self.name, [
            "nbdkit", "-f", "-P", pid_file,
            "-U", self.trial.path(f"{self.name}.sock"),
            "-t", "8"] + self.filters(plugin), pid_file)

    def qemu(self, image_format, words):
        pid_file = self.trial.path(f"{self.name}.pid")
        return Server(self.trial, self.name, [
            "qemu-nbd", f"--pid-file={pid_file}", "-t", "-e", "8",
            "-k", self.trial.path(f"{self.name}.sock"),
            "-f", image_format] + words + [self.file], pid_file)

    def nbd_server(self, lines):
        pid_file = self.trial.path(f"{self.name}.pid")
        conf = self.trial.path(f"{self.name}.conf")
        with open(conf, "w") as f:
            f.write("\n".join([
                "[generic]",
                f"unixsock = {self.trial.path(self.name)}.sock", "[disk]",
                f"exportname = {self.file}"] + lines) + "\n")
        return Server(self.trial, self.name,
                      ["nbd-server", "-C", conf, "-p", pid_file],
                      pid_file, daemon=True)

    def faulty_server(self):
        spec = self.spec
        mode, after, times = spec["mode"], spec["after"], spec["times"]
        if self.calm:                   # it keeps its cache
            after = NEVER
            if mode not in ("crash", "flush-crash"):
                mode = "honest"
        pid_file = self.trial.path(f"{self.name}.pid")
        return Server(self.trial, self.name, [
            self.trial.settings.faulty_server, f"--mode={mode}",
            f"--after={after}", f"--times={times}",
            f"--unix={self.trial.path(self.name)}.sock",
            f"--pidfile={pid_file}"] +
            [f"--without={word}" for word in spec["without"]] +
            self.context() + self.bad_places() + [self.file], pid_file)

    def bad_places(self):
        """Returns the options of a faulty server with unreadable places."""
        if "bad" not in self.spec or self.calm:
            return []
        return ["--bad=" + self.trial.path(f"{self.name}.bad")]

    def context(self):
        """Returns the options of a faulty server that says what has changed."""
        if "changes" not in self.spec:
            return []
        return [f"--context={CHANGED}", "--in=" + self.spec["changes"]["in"],
                "--changes=" + self.trial.path(f"{self.name}.changes")]

    def start(self):
        """Starts the server, and waits for it."""
        self.server = self.make_server()
        if self.server:
            self.server.start()
            self.server.wait_up()

    def ensure(self):
        """Restarts a server that was killed."""
        if self.server and self.server.has_ended():
            self.server.end("KILL")
            self.start()
        elif self.server:
            self.server.wait_up()

    def be_calm(self):
        """Makes no more faults on this side."""
        self.calm = True
        if os.path.exists(self.error_file):
            os.unlink(self.error_file)
        if self.kind == "faulty" and self.server:
            self.server.end("KILL")
            self.start()

    # ------------------------------------------------------------ devices

    def make_device(self):
        self.device = family.make_loop(self.file, self.spec["sector"],
                                       self.spec["direct"])
        if self.device is None:         # no O_DIRECT on this file system
            self.device = family.make_loop(self.file, self.spec["sector"],
                                           False)
        if self.device is None:
            raise Broken("there is no loop device")
        if self.spec["holder"] != "none":
            self.hold()

    def hold(self):
        """Lets another process open the device, and dirty its pages."""
        ready, told = os.pipe()
        how, size = self.spec["holder"], self.disk["size"]
        device = self.device

        def keep():
            flags = os.O_RDWR if how == "dirty" else os.O_RDONLY
            fd = os.open(device, flags)
            if how in ("reader", "rereader"):
                while os.read(fd, 1 << 20):
                    pass
            if how == "dirty":
                for at in range(0, size // 4096 * 4096, 3 * 4096):
                    os.pwrite(fd, b"\xee" * 4096, at)
            os.write(told, b"x")
            while how == "rereader":
                os.lseek(fd, 0, os.SEEK_SET)
                while os.read(fd, 1 << 20):
                    pass
                time.sleep(0.05)
            signal.pause()

        self.holder = family.fork(self.trial.folder, keep)
        os.close(told)
        os.read(ready, 1)
        os.close(ready)

    def let_go(self):
        if self.holder:
            family.kill(self.holder, signal.SIGKILL)
            os.waitpid(self.holder, 0)
            self.holder = None

    def remove_device(self):
        self.let_go()
        if self.device:
            subprocess.run(["losetup", "-d", self.device],
                           stderr=subprocess.DEVNULL)
            self.device = None

    # ----------------------------------------------------------- operands

    def uri(self):
        export = "disk" if self.kind == "nbd-server" else ""
        return f"nbd+unix:///{export}?socket={self.server.socket}"

    def spawned(self, read_only):
        if self.spec["command"] == "nbdkit":
            return ["[", "nbdkit"] + read_only + ["file", self.file, "]"]
        return ["[", "qemu-nbd"] + read_only + [
            "-t", "-e", "8", "-f", "qcow2", self.file, "]"]

    def convert(self, image_format, path):
        """Returns the disk in an image, as QEMU reads it."""
        raw = self.trial.path(f"{self.name}.read-back")
        run(["qemu-img", "convert", "-f", image_format, "-O", "raw", path,
             raw], self.trial.folder)
        data = read_file(raw)
        os.unlink(raw)
        return data


class Source(Side):
    role = "source"

    def prepare(self, want, rng):
        self.want = want
        self.changes = None
        if "changes" in self.spec:
            self.changes = draw_bitmap(rng, want.size,
                                       self.spec["changes"]["most"])
            with open(self.trial.path(f"{self.name}.changes"), "wb") as f:
                f.write(self.changes)
        spec, raw = self.spec, self.trial.path(f"{self.name}.raw")
        self.image_format = "raw"
        if self.kind == "qemu":
            self.image_format = spec["format"]
        elif self.kind == "image":
            self.image_format = spec["format"].replace("auto", "qcow2")
        elif spec.get("command") == "qemu":
            self.image_format = "qcow2"
        if self.image_format == "raw":
            want.write(self.file)
        else:
            want.write(raw)
            words = ["-o", spec["create"]] if spec.get("create") else []
            run(["qemu-img", "convert", "-f", "raw", "-O", self.image_format] +
                words + [raw, self.file], self.trial.folder)
            os.unlink(raw)
        if any(name == "extentlist" for name, _ in spec.get("filters", ())):
            with open(self.trial.path(f"{self.name}.list"), "w") as f:
                f.write(want.extent_list())
        if any(name == "error" for name, _ in spec.get("filters", ())):
            open(self.error_file, "w").close()
        if self.kind == "loop":
            self.make_device()
        if self.kind == "fifo":
            os.mkfifo(self.trial.path(f"{self.name}.fifo"))
        if "bad" in spec:
            with open(self.trial.path(f"{self.name}.bad"), "w") as f:
                f.writelines(f"{at} {length}\n" for at, length in spec["bad"])
        self.start()

    def make_server(self):
        if self.kind == "nbdkit":
            return self.nbdkit(["-r", "file", self.file])
        if self.kind == "data":
            return self.nbdkit(["-r", "data", f"data=<{self.file}"])
        if self.kind == "qemu":
            return self.qemu(self.spec["format"], ["-r"])
        if self.kind == "nbd-server":
            return self.nbd_server(["readonly = true"])
        if self.kind == "faulty":
            return self.faulty_server()
        if self.kind == "web":
            return self.web()
        return None

    def web(self):
        folder = self.trial.path(f"{self.name}.web")
        if not os.path.exists(folder):
            os.mkdir(folder)
            os.link(self.file, os.path.join(folder, "disk"))
        pid_file = self.trial.path(f"{self.name}.pid")
        port = self.trial.path(f"{self.name}.sock")     # it is written last
        return Server(self.trial, self.name, [
            sys.executable, os.path.join(HERE, "..", "lib", "range-server.py"),
            pid_file, port, self.trial.path(f"{self.name}.requests"), folder],
            pid_file)

    def words(self):
        if self.kind == "pipe":
            return ["-"]
        if self.kind == "fifo":
            return [self.trial.path(f"{self.name}.fifo")]
        if self.kind == "loop":
            return [self.device]
        if self.kind == "spawned":
            return self.spawned(["-r"])
        if self.kind == "web":
            port = read_file(self.server.socket).decode().strip()
            return [f"http://127.0.0.1:{port}/disk"]
        return [self.uri()] if self.server else [self.file]

    def options(self):
        if self.kind == "image":
            return [f"--source-format={self.spec['format']}"]
        return ["--source-format=raw"] if self.kind == "web" else []

    def feed(self):
        """Returns the command whose standard output is the stream."""
        if self.kind not in ("pipe", "fifo"):
            return None
        words = ["dd", f"if={self.file}", f"bs={self.spec['block']}",
                 "status=none"]
        if self.kind == "fifo":
            words.append("of=" + self.trial.path(f"{self.name}.fifo"))
        return words

    def lacks(self, start, end):
        """Returns True if data of a range, that is copied, is unreadable."""
        for at, length in self.spec.get("bad", ()):
            part = range(max(at, start), min(at + length, end))
            if any(self.want.bytes[i] and (
                    self.changes is None or self.changes[i // BITMAP_BLOCK])
                   for i in part):
                return not self.calm
        return False

    def content(self):
        """Returns the current content, which must not have changed."""
        self.remove_device()
        if self.server:
            self.server.end("KILL")
        if self.image_format != "raw":
            return self.convert(self.image_format, self.file)
        return read_file(self.file)


class Destination(Side):
    role = "destination"

    def prepare(self, want, rng):
        self.want = want
        spec = self.spec
        self.image_format = None
        if self.kind == "qemu":
            self.image_format = spec["format"]
        elif self.kind == "image":
            self.image_format = spec["format"]
        elif spec.get("command") == "qemu":
            self.image_format = "qcow2"
        before = self.old(spec.get("length", want.size), rng)
        self.before = before.bytes if before else b""
        if before and self.kind != "memory":
            self.write_old(before)
        if any(name == "error" for name, _ in spec.get("filters", ())):
            open(self.error_file, "w").close()
        if self.kind == "loop":
            self.make_device()
        if self.kind == "fifo":
            os.mkfifo(self.trial.path(f"{self.name}.fifo"))
        self.start()

    def old(self, length, rng):
        """Makes the old content, or none; returns it."""
        how = self.spec["before"]
        if how == "nothing":
            return None
        extents = [(0, length, "hole" if how == "hole" else "zero")]
        if how == "other":
            extents = draw_extents(rng, length, "islands", 4096)
        old = Content(f"old of {self.name}", length, extents)
        if how == "ones":
            old.bytes = b"\xff" * length
            old.extents = [(0, length, "data")]
        return old

    def write_old(self, before):
        if self.image_format in (None, "raw"):
            before.write(self.file)
            return
        raw = self.trial.path(f"{self.name}.old")
        before.write(raw)
        run(["qemu-img", "convert", "-f", "raw", "-O", self.image_format, raw,
             self.file], self.trial.folder)
        os.unlink(raw)

    def make_server(self):
        if self.kind == "nbdkit":
            return self.nbdkit(["file", self.file])
        if self.kind == "memory":
            return self.nbdkit(["memory", str(len(self.before))])
        if self.kind == "qemu":
            words = ["--discard=unmap"]
            if self.spec["detect"]:
                words.append("--detect-zeroes=unmap")
            return self.qemu(self.spec["format"], words)
        if self.kind == "nbd-server":
            return self.nbd_server(["flush = true", "fua = true"])
        if self.kind == "faulty":
            return self.faulty_server()
        return None

    def words(self):
        if self.kind == "pipe":
            return ["-"]
        if self.kind == "fifo":
            return [self.trial.path(f"{self.name}.fifo")]
        if self.kind == "loop":
            return [self.device]
        if self.kind == "spawned":
            return self.spawned([])
        return [self.uri()] if self.server else [self.file]

    def options(self):
        if self.kind == "image":
            return [f"--destination-format={self.spec['format']}"]
        return []

    def drain(self):
        """Returns the command that stores its standard input."""
        if self.kind not in ("pipe", "fifo"):
            return None
        if self.kind == "fifo":
            fifo = self.trial.path(f"{self.name}.fifo")
            return ["dd", f"if={fifo}", "bs=64k", "status=none",
                    f"of={self.file}"]
        return ["dd", "bs=64k", "status=none", f"of={self.file}"]

    def expected(self):
        """Returns the expected content after a successful copy."""
        want = self.want.bytes
        if self.kind in ("file", "pipe", "fifo"):
            return want
        return want + self.before[len(want):]

    def wanted(self, want, got, start=0):
        """Returns what is wanted from start on, instead of want.

        Where nothing has changed, it is the old content.  The new one is as
        good where a fault can have hidden that, or in large blocks.
        """
        source = self.trial.sources[self.disk["number"]]
        if source.changes is None:
            return want
        mode = source.spec["mode"]
        lenient = mode in SILENT or mode.startswith("status-") or \
            max(least_block(source.spec), least_block(self.spec)) > 4096
        return unchanged(source.changes, want, self.before, got, start,
                         lenient)

    def spared(self, want, got):
        """Returns what is wanted, with got where the source is unreadable.

        There, any old content, or zeroes, are allowed: an earlier run can have
        zeroed or emptied the destination.
        """
        source = self.trial.sources[self.disk["number"]]
        unit = max(512, least_block(self.spec), self.spec.get("sector", 1))
        want = bytearray(want)
        for at, length in source.spec["bad"]:
            start = at // unit * unit
            end = min(cases.round_up(at + length, unit), len(want), len(got))
            old = self.before[start:end].ljust(end - start, b"\0")
            new = source.want.bytes[start:end].ljust(end - start, b"\0")
            want[start:end] = bytes(
                g if g in (o, n, 0) else o
                for o, n, g in zip(old, new, got[start:end]))
        return bytes(want)

    def stored(self, start, length):
        """Returns the stored content; None if it is not known."""
        if self.kind in ("memory", "pipe", "fifo") or \
                self.image_format not in (None, "raw"):
            return None
        if not os.path.exists(self.file):
            return b""
        return read_part(self.file, start, length)

    def contents(self, graceful):
        """Returns the current content, read in each possible way.

        Servers are killed before, unless they could not flush: what a copy
        that has succeeded has flushed has to survive that.
        """
        if self.kind == "memory":
            try:
                yield "by its server", client.read_export(
                    self.server.socket, piece=1 << 16)
            except OSError:             # the server may be about to crash
                time.sleep(0.2)
                if not self.server.has_crashed():
                    raise
            return
        if self.kind == "loop":
            yield "by the device", read_part(self.device, 0,
                                             len(self.before))
            size = len(self.want.bytes)
            if not graceful:            # or it may only be in the page cache
                yield "in the file of the device", \
                    read_part(self.file, 0, size) + self.before[size:]
            self.remove_device()
            yield "after the device was detached", read_file(self.file)
            return
        if self.server:
            self.server.end("TERM" if graceful else "KILL")
        if not os.path.exists(self.file):
            yield "in its file", b""
        elif self.image_format in (None, "raw"):
            yield "in its file", read_file(self.file)
        else:
            yield "in its image", self.convert(self.image_format, self.file)
