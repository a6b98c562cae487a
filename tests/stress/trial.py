# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the copies of one case, disturbs them, and judges the result."""

import json
import os
import random
import select
import shlex
import signal
import subprocess
import time

import cases
import content
import family
import judge
from sides import Broken, Destination, Source

CALM_TRIES = 3
ENDS_WITHIN = 60        # seconds for processes that a killed copier leaves


class Attempt:
    """One run of the program."""

    def __init__(self, calm):
        self.calm = calm
        self.sent = set()       # signals that we sent to the copier
        self.may_fail = False   # something happened that may end a copy
        self.killed = False     # the copier, by SIGKILL
        self.orphans = False    # servers may have lost their parent
        self.server_crashed = False
        self.code = None
        self.errors = self.output = b""


class Trial:
    def __init__(self, case, folder, settings):
        self.case, self.folder, self.settings = case, folder, settings
        self.failures, self.journal = [], []
        self.began = time.monotonic()
        self.number = 0                 # of the attempt
        self.faults = self.kills = 0    # that occurred
        self.momentary = 0              # files that SIGKILL has left
        self.lost_memory = False        # a server had its disk in memory
        self.was_killed = False         # in any attempt so far
        self.own = set()                # our own children
        self.private = self.path("private")
        os.mkdir(self.private)

    def path(self, name):
        return os.path.join(self.folder, name)

    def children(self):
        return {d.server.process.pid for d in self.sources + self.destinations
                if d.server and d.server.process} | self.own | {
            s.holder for s in self.sources + self.destinations if s.holder}

    def say(self, text):
        self.journal.append(f"{time.monotonic() - self.began:8.3f} {text}")

    def fail(self, kind, text):
        """kind: difference, status, hang, crash, leftover, report, ..."""
        self.failures.append((kind, text))
        self.say(f"FAILED: {kind}: {text}")

    # -------------------------------------------------------------- set up

    def prepare(self):
        self.sources, self.destinations = [], []
        for disk in self.case["disks"]:
            name = f"{self.case['seed']}:{self.case['number']}:{disk['number']}"
            rng = random.Random(name)
            want = content.draw(rng, name, disk["size"], disk["layout"],
                                max(disk["unit"], 1))
            source = Source(self, disk)
            self.sources.append(source)
            source.prepare(want, random.Random("changes " + name))
            destination = Destination(self, disk)
            self.destinations.append(destination)
            destination.prepare(want, rng)

    def options(self, number, copy):
        names = {name: self.path(f"copy{number}.{name}")
                 for name in ("map", "trace", "status", "differences")}
        return [word.format(**names) for word in copy["options"]]

    def copy_words(self, number, copy):
        source = self.sources[copy["disk"]]
        destination = self.destinations[copy["disk"]]
        return (source.options() + destination.options() +
                self.options(number, copy), source.words(),
                destination.words())

    def commands(self):
        """Returns the arguments of each command, and its copies."""
        common = []
        if self.case["report"]:
            common.append("--report=" + self.path("report"))
        if self.case["verbose"]:
            common.append("-v")
        if self.case["way"] == "manifest":
            self.write_manifest()
            yield (common + ["--manifest=" + self.path("manifest"),
                             f"--jobs={self.case['jobs']}"],
                   list(enumerate(self.case["copies"])))
            return
        for number, copy in enumerate(self.case["copies"]):
            options, source, destination = self.copy_words(number, copy)
            yield common + options + source + destination, [(number, copy)]

    def write_manifest(self):
        entries = []
        for number, copy in enumerate(self.case["copies"]):
            options, source, destination = self.copy_words(number, copy)
            entry = {"disk": f"disk{number}"}
            for side, words in (("source", source),
                                ("destination", destination)):
                entry[side] = words[0] if len(words) == 1 else words[1:-1]
            for word in options:
                name, _, value = word[2:].partition("=")
                entry[name] = value if "=" in word else True
            entries.append(entry)
        with open(self.path("manifest"), "w") as f:
            json.dump(entries, f, indent=1)
        self.say("manifest: " + json.dumps(entries))

    # ------------------------------------------------------------ attempts

    def run(self):
        try:
            self.prepare()
            for words, copies in self.commands():
                if not self.until_success(words, copies):
                    return
            self.compare_all()
        except Broken as e:
            self.fail("stress", str(e))
        finally:
            for side in self.sources + self.destinations:
                side.let_go()

    def until_success(self, words, copies):
        """Repeats a command; returns True if it succeeded in the end."""
        plan = [(faults, False) for faults in self.case["tries"]] + \
               [([], True)] * CALM_TRIES
        for faults, calm in plan:
            if calm:
                for side in self.sources + self.destinations:
                    if not side.calm:
                        side.be_calm()
            attempt = self.attempt(words, copies, faults, calm)
            judge.look(self, attempt, copies)
            if self.lost_memory:
                self.say("given up: a disk in memory is lost")
                return False
            if attempt.code == 0:
                if self.case["again"] and not self.failures:
                    self.once_more(words, copies)
                return True
            if any(kind in ("hang", "crash") for kind, _ in self.failures):
                return False
        if attempt.server_crashed:
            self.say("given up: a server crashes by itself")
            return False
        self.fail("status", "the same command never succeeds: "
                  f"{judge.code_text(attempt.code)} without any fault; " +
                  judge.last_lines(attempt.errors))
        return False

    def once_more(self, words, copies):
        """Checks that a command that has succeeded succeeds again."""
        for side in self.sources + self.destinations:
            side.be_calm()
        attempt = self.attempt(words, copies, [], True)
        judge.look(self, attempt, copies)
        if attempt.code != 0 and not judge.may_fail(self, attempt, copies):
            self.fail("status", "it succeeded, but then it ended with " +
                      judge.code_text(attempt.code) + "; " +
                      judge.last_lines(attempt.errors))

    def streams(self, copies):
        """Starts the other ends of streams: (stdin, stdout, processes)."""
        stdin, stdout, helpers = subprocess.DEVNULL, None, []
        keywords = {"mark": self.folder + "/stream", "cwd": self.folder,
                    "stderr": subprocess.DEVNULL}
        number, copy = copies[0]
        feed = self.sources[copy["disk"]].feed()
        drain = self.destinations[copy["disk"]].drain()
        if feed:
            piped = self.sources[copy["disk"]].kind == "pipe"
            helpers.append(family.spawn(
                feed, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else subprocess.DEVNULL,
                **keywords))
            if piped:
                stdin = helpers[-1].stdout
        if drain:
            piped = self.destinations[copy["disk"]].kind == "pipe"
            helpers.append(family.spawn(
                drain, stdout=subprocess.DEVNULL,
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                **keywords))
            if piped:
                stdout = helpers[-1].stdin
        return stdin, stdout, helpers

    def attempt(self, words, copies, faults, calm):
        attempt = Attempt(calm)
        self.number += 1
        for side in self.sources + self.destinations:
            side.ensure()
        if os.path.exists(self.path("report")):
            os.unlink(self.path("report"))
        mark = f"{self.folder}/copy{self.number}"
        stdin, stdout, helpers = self.streams(copies)
        argv = self.settings.wrapper + [self.settings.stripecopy] + words
        self.say(f"try {self.number}{' (calm)' if calm else ''}: " +
                 shlex.join(argv))
        errors = self.path(f"errors{self.number}")
        output = self.path(f"output{self.number}")
        with open(errors, "wb") as err, open(output, "wb") as out:
            process = family.spawn(
                argv, mark, cwd=self.folder, env={"TMPDIR": self.private,
                                                  "LC_ALL": "C"},
                stdin=stdin, stdout=stdout or out, stderr=err)
        for end in (stdin, stdout):
            if hasattr(end, "close"):
                end.close()
        self.own = {process.pid} | {helper.pid for helper in helpers}
        self.watch(attempt, process, mark, faults, errors)
        self.finish_streams(attempt, helpers)
        self.look_for_processes(attempt, mark)
        self.own = set()
        attempt.errors = content.read_file(errors)
        attempt.output = content.read_file(output) if not stdout else b""
        os.unlink(output)
        return attempt

    def finish_streams(self, attempt, helpers):
        for helper in helpers:
            try:                # readers must see the end of the data
                helper.wait(10 if attempt.code == 0 else 0.2)
            except subprocess.TimeoutExpired:
                if attempt.code == 0:
                    self.fail("hang", "a stream stays open")
                helper.kill()
                helper.wait()

    def watch(self, attempt, process, mark, faults, errors):
        """Runs a copy to its end, and makes the faults meanwhile."""
        events = [(f["at"], self.fault_of(f)) for f in faults]
        started = time.monotonic()
        pidfd = os.pidfd_open(process.pid)
        limit = self.settings.limit
        while True:
            now = time.monotonic() - started
            events.sort(key=lambda event: event[0])
            while events and events[0][0] <= now:
                events.pop(0)[1](attempt, process, mark, events, now)
            wait = min([limit - now] + [at - now for at, _ in events[:1]])
            if select.select([pidfd], [], [], max(wait, 0))[0]:
                break
            if time.monotonic() - started > limit:
                self.hangs(attempt, process, mark, errors)
                break
        os.close(pidfd)
        attempt.code = process.wait()
        self.say(f"it ended: {judge.code_text(attempt.code)}")
        self.look_at_servers(attempt)
        for at, event in events:        # stopped processes must run again
            if getattr(event, "restores", False):
                event(attempt, process, mark, [], at)

    def look_at_servers(self, attempt):
        """Restarts servers that have crashed by themselves."""
        for side in self.sources + self.destinations:
            server = side.server
            if server and server.has_crashed():
                self.say(f"{side.name}'s server has ended by itself")
                attempt.may_fail = attempt.server_crashed = True
                self.lost_memory |= side.kind == "memory"

    def hangs(self, attempt, process, mark, errors):
        for pid in family.marked(mark):
            self.say(family.describe(pid))
        self.fail("hang", f"it runs for {self.settings.limit} seconds; " +
                  judge.last_lines(content.read_file(errors)))
        process.kill()
        attempt.killed = True

    def look_for_processes(self, attempt, mark):
        """Checks that all processes of a copy have ended."""
        deadline = time.monotonic() + ENDS_WITHIN
        left = family.marked(mark)
        patient = attempt.killed or attempt.orphans or attempt.sent
        while left and patient and time.monotonic() < deadline:
            time.sleep(0.01)
            family.reap(keep=self.children())
            left = family.marked(mark)
        if left:
            self.fail("leftover", "still running: " +
                      " / ".join(family.describe(pid) for pid in left))
            family.end_all(mark)
        family.reap(keep=self.children())

    # -------------------------------------------------------------- faults

    def fault_of(self, fault):
        """Returns what makes a fault: (attempt, process, mark, events, now)."""
        what = fault["what"]
        if what in ("source", "destination"):
            return lambda *a: self.harm_server(fault, *a)
        return lambda *a: getattr(self, "do_" + what)(fault, *a)

    def do_kill(self, fault, attempt, process, mark, events, now):
        if process.poll() is None:
            self.say("fault: the copier is killed")
            process.kill()
            self.faults += 1
            self.kills += 1
            attempt.killed = self.was_killed = True

    def do_signal(self, fault, attempt, process, mark, events, now):
        number = getattr(signal, "SIG" + fault["signal"])
        if number == signal.SIGUSR1 and \
                not family.catches(process.pid, number):
            return              # it would end a copy that has not begun
        if process.poll() is None:
            self.say(f"fault: SIG{fault['signal']} to the copier")
            process.send_signal(number)
            self.faults += 1
            attempt.sent.add(number)
            if fault["again"]:
                events.append((now + 0.05, lambda *a: self.do_signal(
                    dict(fault, again=False), *a)))

    def do_stop(self, fault, attempt, process, mark, events, now):
        def go_on(*a):
            self.say("the copier may run again")
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)

        if process.poll() is None:
            self.say("fault: the copier is stopped")
            process.send_signal(signal.SIGSTOP)
            self.faults += 1
            events.append((now + fault["for"], go_on))

    def do_child(self, fault, attempt, process, mark, events, now):
        """Kills a process that the copier has started."""
        pids = sorted(pid for pid in family.marked(mark)
                      if pid != process.pid)
        if pids and process.poll() is None:
            pid = pids[int(fault["at"] * 1e4) % len(pids)]
            self.say("fault: killed: " + family.describe(pid))
            family.kill(pid, signal.SIGKILL)
            self.faults += 1
            self.kills += 1
            attempt.may_fail = attempt.orphans = True
            self.was_killed = True

    def harm_server(self, fault, attempt, process, mark, events, now):
        sides = self.sources if fault["what"] == "source" else \
            self.destinations
        side = sides[fault["disk"]]
        name = fault["signal"]

        def restore(*a):
            if name == "STOP":
                side.server.signal("CONT")
            elif side.server.has_ended():
                side.server.start()
            self.say(f"{side.name}'s server is back")

        restore.restores = True
        if process.poll() is not None:
            return
        if name == "STOP":
            done = side.server.signal(name)
        else:
            done = side.server.end(name)
        if done:
            self.say(f"fault: SIG{name} to {side.name}'s server")
            self.faults += 1
            attempt.may_fail = True
            events.append((now + fault["for"], restore))

    # ------------------------------------------------------------- the end

    def compare_all(self):
        for side in self.sources + self.destinations:
            if os.path.exists(side.error_file):
                os.unlink(side.error_file)
        for number, side in enumerate(self.destinations):
            graceful = any("--no-flush" in copy["options"]
                           for copy in self.case["copies"]
                           if copy["disk"] == number)
            want = side.expected()
            if side.kind == "memory" and side.server.has_crashed():
                continue
            for how, got in side.contents(graceful):
                if side.image_format not in (None, "raw"):
                    want = want.ljust(cases.round_up(len(want), 512), b"\0")
                    got = got.ljust(cases.round_up(len(got), 512), b"\0")
                text = content.first_difference(side.wanted(want, got), got)
                if text:
                    self.fail("difference", f"{side.name}, {how}: {text}")
        for side in self.sources:
            text = content.first_difference(side.want.bytes, side.content())
            if text:
                self.fail("difference", f"{side.name} was changed: {text}")
        judge.look_at_folders(self)
