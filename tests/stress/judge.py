# SPDX-License-Identifier: LGPL-2.1-or-later
"""Allowed exit statuses and remains of a run."""

import json
import os
import signal

import cases
import content

CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL,
           signal.SIGFPE, signal.SIGSYS, signal.SIGPIPE}
SOFT = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def code_text(code):
    if code is None or code >= 0:
        return f"exit status {code}"
    return f"signal {signal.Signals(-code).name}"


def last_lines(errors):
    return " | ".join(errors.decode(errors="replace").split("\n")[-15:])[-2500:]


def value(options, name):
    """Returns the value of an option; None if it is missing."""
    for word in options:
        if word == f"--{name}" or word.startswith(f"--{name}="):
            return word.partition("=")[2]
    return None


def is_unreliable(side):
    """Returns True if the server of a side fails by itself."""
    return any(name in ("error", "limit") for name, _ in
               side.get("filters", ())) or \
        side.get("mode", "honest") != "honest"


def may_fail(trial, attempt, copies):
    """Returns True if anything happened that may end a copy."""
    if attempt.may_fail:
        return True
    # The places of the last copy's connections may not be free yet.
    fails = cases.has_few_places if attempt.calm else is_unreliable
    return any(fails(side)
               for _, copy in copies
               for disk in [trial.case["disks"][copy["disk"]]]
               for side in (disk["source"], disk["destination"]))


def allowed(trial, attempt, copies):
    """Returns the statuses that the man page allows here, as in wait(2)."""
    codes = {0}
    if attempt.killed:
        codes.add(-signal.SIGKILL)
    codes |= {-number for number in attempt.sent & SOFT}
    if may_fail(trial, attempt, copies):
        codes.add(1)
        if any(value(copy["options"], "map") is not None
               for _, copy in copies):
            codes.add(3)
    return codes


def look(trial, attempt, copies):
    """Judges one attempt."""
    code = attempt.code
    if attempt.errors:
        trial.say("it said: " + last_lines(attempt.errors))
    if code < 0 and -code in CRASHES or code == 99:
        trial.fail("crash", f"{code_text(code)}; {last_lines(attempt.errors)}")
    elif any(kind == "hang" for kind, _ in trial.failures):
        return
    elif code not in allowed(trial, attempt, copies):
        trial.fail("status", f"{code_text(code)}, which is not allowed; " +
                   last_lines(attempt.errors))
    look_at_report(trial, attempt)
    look_at_digest(trial, attempt, copies)
    look_at_salvage(trial, attempt, copies)
    for number, copy in copies:
        look_at_map(trial, number, copy)
        look_at_differences(trial, attempt, number, copy)
    if not trial.was_killed and os.listdir(trial.private):
        trial.fail("leftover", "in TMPDIR: " +
                   ", ".join(os.listdir(trial.private)))


def look_at_report(trial, attempt):
    path = trial.path("report")
    if not trial.case["report"] or attempt.code == -signal.SIGKILL:
        return
    want = attempt.code if attempt.code >= 0 else 128 - attempt.code
    try:
        with open(path) as f:
            told = json.load(f)["exit"]
    except (OSError, ValueError, KeyError) as e:
        if attempt.sent and attempt.code in {-n for n in attempt.sent}:
            return              # a second signal ends a copy at once
        trial.fail("report", f"no report after {code_text(attempt.code)}:"
                   f" {e!r}")
        return
    if told != want:
        trial.fail("report", f"it has {told} after {code_text(attempt.code)}")


def look_at_digest(trial, attempt, copies):
    if trial.case["way"] == "manifest":
        return
    number, copy = copies[0]
    wanted = value(copy["options"], "blkhash")
    text = attempt.output.decode(errors="replace").strip()
    if wanted is None or trial.destinations[copy["disk"]].kind == "pipe":
        return
    if attempt.code != 0 and not (text and attempt.killed):
        if text:
            trial.fail("digest", f"{text} after {code_text(attempt.code)}")
        return                  # a copy may be killed after its end
    name, _, block = wanted.partition("/")
    size = {"64k": 65536, "4k": 4096, "1M": 1 << 20}[block]
    data = trial.sources[copy["disk"]].want.bytes
    if text != content.blkhash(data, name, size):
        trial.fail("digest", f"{text} is wrong")


def look_at_salvage(trial, attempt, copies):
    """Checks that all but what is unreadable was copied, and that it is told."""
    if attempt.code == 0 and any(
            trial.sources[copy["disk"]].lacks(*part(trial, copy))
            for _, copy in copies):
        trial.fail("status", "0, although not all could be read")
    if len(copies) > 1 or b"; the rest is copied, " not in attempt.errors:
        return
    _, copy = copies[0]
    side = trial.destinations[copy["disk"]]
    start, end = part(trial, copy)
    got = side.stored(0, len(side.want.bytes))
    if got is None or attempt.code != 1:
        return
    want = side.spared(side.wanted(side.want.bytes, got), got)
    if got[start:end] != want[start:end]:
        trial.fail("difference", f"salvaged, {side.name}: " + str(
            content.first_difference(want[start:end], got[start:end])))


def part(trial, copy):
    """Returns the range that a copy copies for certain: (start, end)."""
    size = trial.case["disks"][copy["disk"]]["size"]
    if copy["shard"] is None:
        return 0, size
    number, count = map(int, copy["shard"].split("/"))
    start, end = (number - 1) * size // count, number * size // count
    return min(size, start if number == 1 else start + content.MiB), \
        max(0, end if number == count else end - content.MiB)


def look_at_differences(trial, attempt, number, copy):
    """Checks that a list of differences is empty after success."""
    path = trial.path(f"copy{number}.differences")
    if value(copy["options"], "differences") is None or \
            trial.case["way"] == "manifest":
        return
    if attempt.code == 0 and not os.path.exists(path):
        trial.fail("report", "there is no list of differences")
    elif os.path.exists(path):
        if attempt.code == 0 and finished(path):
            trial.fail("report", f"it lists differences: {finished(path)}")
        os.unlink(path)


def finished(path):
    """Returns the finished ranges of a map: (start, length)."""
    parts = []
    with open(path) as f:
        lines = [line.split() for line in f if not line.startswith("#")]
    for words in lines[1:]:
        if words[2] == "+":
            parts.append((int(words[0], 0), int(words[1], 0)))
    return parts


def look_at_map(trial, number, copy):
    """Checks that all finished ranges of a map are stored."""
    path = trial.path(f"copy{number}.map")
    if value(copy["options"], "map") is None or not os.path.exists(path) or \
            os.path.getsize(path) == 0:
        return
    side = trial.destinations[copy["disk"]]
    want = side.want.bytes
    for start, length in finished(path):
        length = min(length, len(want) - start)
        got = side.stored(start, length)
        if got is None:
            continue
        expected = side.wanted(want[start:start + length], got, start)
        if got != expected:
            trial.fail("difference", f"the map says that {length} bytes at "
                       f"{start} are finished; {side.name}: " +
                       str(content.first_difference(expected, got)))
            return


def expected_names(trial):
    """Returns the files that may exist at the end, besides our own."""
    names = {"private", "report", "manifest"}
    for number, copy in enumerate(trial.case["copies"]):
        for name in ("map", "trace", "status", "differences"):
            if value(copy["options"], {"status": "status-file"}.get(
                    name, name)) is not None:
                names.add(f"copy{number}.{name}")
    return names


OURS = (".bad", ".disk", ".sock", ".log", ".pid", ".conf", ".list", ".fifo", ".web",
        ".faulty", ".requests", ".changes")


def is_momentary(trial, path):
    """Returns True for a file that SIGKILL can leave in an unavoidable moment.

    That is the folder of a socket between its making and its removal, and a
    file that is whole and just to be renamed.
    """
    name = os.path.basename(path)
    if not trial.was_killed:
        return False
    if os.path.isdir(path):
        return os.listdir(path) in ([], ["socket"])
    return name.startswith("copy") and name.count(".") > 1


def look_at_folders(trial):
    """Checks that nothing is left after success."""
    left = [os.path.join(trial.private, name)
            for name in os.listdir(trial.private)]
    for name in sorted(os.listdir(trial.folder)):
        ours = name.startswith(("source", "destination")) and \
            name.endswith(OURS) or name.startswith("errors")
        if not ours and name not in expected_names(trial):
            left.append(trial.path(name))
    for path in left:
        if is_momentary(trial, path):
            trial.say(f"left by SIGKILL: {path}")
            trial.momentary += 1
        else:
            trial.fail("leftover", path)
