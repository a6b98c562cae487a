# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes, folders and loop devices of the stress test: none outlives it.

The kernel tells a process that its parent has ended (PR_SET_PDEATHSIG), and
hands orphans to the nearest ancestor that wants them
(PR_SET_CHILD_SUBREAPER).  All processes of a case have the name of its folder
in their environment, by which they are found.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
MARK = "STRIPECOPY_STRESS"
PREFIX = "stripecopy-stress."
RESET = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
         signal.SIGCHLD, signal.SIGUSR1, signal.SIGPIPE)

libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans():
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with(parent, number):
    """Requests this signal when the parent ends."""
    libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def spawn(argv, mark, **keywords):
    """Starts a program with default signals that is killed with us."""
    parent = os.getpid()

    def prepare():
        die_with(parent, signal.SIGKILL)
        for number in RESET:
            signal.signal(number, signal.SIG_DFL)

    env = dict(os.environ, **{MARK: mark}, **keywords.pop("env", {}))
    return subprocess.Popen(argv, preexec_fn=prepare, env=env, **keywords)


def fork(mark, function):
    """Runs a function in a process that is killed with us; returns its pid."""
    parent = os.getpid()
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        die_with(parent, signal.SIGKILL)
        for number in RESET:
            signal.signal(number, signal.SIG_DFL)
        function()
    finally:
        os._exit(0)


def marked(mark):
    """Returns the live processes with this mark, and their descendants."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        for word in words:
            if word == f"{MARK}={mark}".encode() or \
                    word.startswith(f"{MARK}={mark}/".encode()):
                found.append(int(name))
                break
    return found


def describe(pid):
    """Describes the state of a process, for the journal of a case."""
    words = [f"pid {pid}"]
    for name in ("cmdline", "wchan", "syscall", "status"):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as f:
                text = f.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if name == "status":
            text = " ".join(line for line in text.split("\n")
                            if line.startswith(("State", "PPid", "Threads")))
        words.append(f"{name}: {text.strip()[:300]}")
    return "; ".join(words)


def kill(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def catches(pid, number):
    """Returns True if a process has a handler for a signal."""
    try:
        with open(f"/proc/{pid}/status") as f:
            for line in f:
                if line.startswith("SigCgt:"):
                    return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    except OSError:
        pass
    return False


def reap(keep=()):
    """Reaps orphans that the kernel gave us, but not our own children."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as f:
            children = [int(word) for word in f.read().split()]
    except OSError:
        return
    for pid in children:
        if pid not in keep:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def end_all(mark):
    """Kills all processes with this mark, until there are none."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        pids = marked(mark)
        if not pids:
            break
        for pid in pids:
            kill(pid, signal.SIGKILL)
            kill(pid, signal.SIGCONT)
        time.sleep(0.01)


# ---------------------------------------------------------- loop devices

def make_loop(path, sector, direct):
    """Makes a loop device of a file; returns None if that is not possible."""
    argv = ["losetup", "--find", "--show", "--sector-size", str(sector)]
    if direct:
        argv.append("--direct-io=on")
    for _ in range(5):          # another process may take the free device
        made = subprocess.run(argv + [path], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
        if made.returncode == 0:
            return made.stdout.strip()
        time.sleep(0.05)
    return None


def loops_under(folder):
    """Returns the loop devices of the files in a folder."""
    if shutil.which("losetup") is None or os.geteuid() != 0:
        return []
    listed = subprocess.run(["losetup", "-l", "-n", "-O", "NAME,BACK-FILE"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            text=True).stdout
    return [line.split()[0] for line in listed.splitlines()
            if len(line.split()) > 1 and
            line.split(None, 1)[1].startswith(folder + "/")]


def detach_loops(folder):
    for device in loops_under(folder):
        subprocess.run(["losetup", "-d", device], stderr=subprocess.DEVNULL)


# ---------------------------------------------------------------- folders

def clear(folder):
    """Ends the processes that use a folder, and removes it."""
    end_all(folder)
    detach_loops(folder)
    shutil.rmtree(folder, ignore_errors=True)


class Folder:
    """A folder that is ours as long as we hold its lock."""

    def __init__(self, base):
        self.path = tempfile.mkdtemp(prefix=PREFIX, dir=base)
        self.lock = open(os.path.join(self.path, "lock"), "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self):
        clear(self.path)
        self.lock.close()


def clear_leftovers(base):
    """Removes the folders of stress tests that were killed."""
    for name in os.listdir(base):
        path = os.path.join(base, name)
        if not name.startswith(PREFIX):
            continue
        try:
            with open(os.path.join(path, "lock"), "r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                print(f"stress: removing the remains in {path}",
                      file=sys.stderr)
                clear(path)
        except OSError:
            continue            # its owner is running, or it is just being made
