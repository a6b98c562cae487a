# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws cases: the disk, both sides, the options, and the faults.

A case depends on the seed, its number and the kinds to draw from, and on
nothing else.  It is made of plain dicts, lists and numbers, so it can be shown.
"""

import random

import content
from content import KiB, MiB, log_uniform

# The weight of each kind in the draw.
SOURCES = {
    "file": 4, "pipe": 1, "fifo": 1, "nbdkit": 4, "data": 1, "qemu": 2,
    "nbd-server": 1, "faulty": 4, "loop": 3, "image": 3, "spawned": 2, "web": 1,
}
DESTINATIONS = {
    "file": 4, "pipe": 1, "fifo": 1, "nbdkit": 4, "memory": 1, "qemu": 3,
    "nbd-server": 1, "faulty": 4, "loop": 5, "image": 4, "spawned": 2,
}
STREAMS = ("pipe", "fifo")
FAULTS = {"kill": 3, "signal": 2, "stop": 1, "child": 2, "source": 1,
          "destination": 2}

# The faults of a faulty server, and their allowed effects on a copy.
FAULTY_SOURCE = ("honest", "read-error", "read-half", "read-twice", "read-cut",
               "read-overlap", "read-pieces", "read-then-error", "read-empty",
               "read-silent", "drop", "stall", "garble", "bad-cookie",
               "status-error", "status-none", "status-twice", "status-long",
               "status-short", "status-odd", "status-flags", "status-one-more",
               "status-zero-middle", "status-past-end", "status-then-error",
               "status-contradicts", "status-reversed")
FAULTY_DESTINATION = ("crash", "crash", "crash", "flush-crash", "flush-crash",
                    "honest", "write-error", "write-drop", "late-write",
                    "write-silent", "drop", "stall", "garble", "bad-cookie",
                    "zero-error", "zero-refused", "flush-error",
                    "status-error", "status-none", "status-long",
                    "status-short", "status-odd", "status-past-end")
NEVER = 1000000000      # more occasions than a faulty server has
SILENT = ("read-silent", "write-silent", "stall")
CHANGED = "qemu:dirty-bitmap:b0"        # the context of a faulty source


def chance(rng, p):
    return rng.random() < p


def weighted(rng, table):
    return rng.choices(list(table), list(table.values()))[0]


# ------------------------------------------------------------------ sides

def draw_filters(rng, writable):
    """Draws nbdkit's filters, from client to plugin, with parameters."""
    filters = []
    if chance(rng, 0.3):
        delay = int(log_uniform(rng, 1, 7))
        filters.append(["delay", [f"rdelay={delay}ms", f"wdelay={delay}ms"]])
    if chance(rng, 0.2):
        rate = rng.choice(("1%", "3%", "10%"))
        names = ["pread", "extents"] + (["pwrite", "zero"] if writable else [])
        filters.append(["error", [f"error-{name}-rate={rate}"
                                  for name in names if chance(rng, 0.6)] or
                        [f"error-pread-rate={rate}"]])
    if chance(rng, 0.25):
        least = rng.choice((1, 512, 4 * KiB, 64 * KiB))
        preferred = max(least, rng.choice((512, 4 * KiB, 64 * KiB, MiB)))
        most = max(preferred, rng.choice((64 * KiB, MiB, 32 * MiB)))
        filters.append(["blocksize-policy",
                        [f"blocksize-minimum={least}",
                         f"blocksize-preferred={preferred}",
                         f"blocksize-maximum={most}",
                         "blocksize-error-policy=error"]])
    if chance(rng, 0.15):
        filters.append(["multi-conn", ["multi-conn-mode=" + rng.choice(
            ("disable", "emulate", "auto", "plugin"))]])
    if chance(rng, 0.1):
        filters.append(["noparallel", ["serialize=" + rng.choice(
            ("connections", "all-requests", "requests"))]])
    if chance(rng, 0.1):
        filters.append(["limit", [f"limit={rng.choice((1, 2, 3))}"]])
    if writable:
        if chance(rng, 0.25):
            filters.append(["nozero", [
                "zeromode=" + rng.choice(("none", "emulate", "notrim")),
                "fastzeromode=" + rng.choice(("default", "none", "slow",
                                              "ignore"))]])
        if chance(rng, 0.25):
            filters.append(["cache", ["cache=writeback"]])
    if chance(rng, 0.15):
        filters.append(["noextents", []])
    elif chance(rng, 0.4) and not writable:
        filters.append(["extentlist", []])
    return filters


def least_block(side):
    """Returns the minimum block size of a side's server."""
    for name, words in side.get("filters", ()):
        if name == "blocksize-policy":
            return int(words[0].split("=")[1])
    return 1


def draw_faulty(rng, modes):
    mode = rng.choice(modes)
    return {"mode": mode, "after": rng.choice((0, 1, 3, 10, 40)),
            "times": rng.choice((1, 1, 2, 5)),
            "without": [name for name in
                        ("fua", "zero", "extents", "structured", "multi-conn")
                        if chance(rng, 0.08)]}


def draw_loop(rng):
    return {"sector": rng.choice((512, 512, 4096)),
            "direct": chance(rng, 0.25),
            "holder": rng.choice(("none", "none", "open", "reader",
                                  "rereader", "dirty"))}


def draw_source(rng, kind):
    side = {"kind": kind}
    if kind == "nbdkit":
        side["filters"] = draw_filters(rng, False)
    elif kind in ("pipe", "fifo"):
        side["block"] = rng.choice((777, 4096, 65536, 1000003))
    elif kind == "qemu":
        side["format"] = rng.choice(("raw", "qcow2"))
    elif kind == "faulty":
        side.update(draw_faulty(rng, FAULTY_SOURCE))
    elif kind == "loop":
        side.update(draw_loop(rng))
        if side["holder"] == "dirty":
            side["holder"] = "rereader"
    elif kind == "image":
        side["format"] = rng.choice(("qcow2", "qcow2", "vdi", "vhdx", "vmdk",
                                     "auto"))
    elif kind == "spawned":
        side["command"] = rng.choice(("nbdkit", "qemu"))
    if side.get("format") in ("qcow2", "auto"):
        side["create"] = rng.choice(("", "extended_l2=on,cluster_size=16k",
                                     "cluster_size=512", "cluster_size=2M"))
    return side


def draw_destination(rng, kind, size):
    side = {"kind": kind, "before": rng.choice(("ones", "ones", "hole", "zero",
                                                "other"))}
    if kind == "nbdkit":
        side["filters"] = draw_filters(rng, True)
    elif kind == "file":
        side["before"] = rng.choice(("nothing", "ones", "other", "hole"))
        side["length"] = rng.choice((size // 3, size, size + 100001))
    elif kind == "memory":
        side["before"] = "hole"
        side["filters"] = [f for f in draw_filters(rng, True)
                           if f[0] != "cache"]
    elif kind == "qemu":
        side["format"] = rng.choice(("raw", "qcow2"))
        side["detect"] = chance(rng, 0.2)
    elif kind == "faulty":
        side.update(draw_faulty(rng, FAULTY_DESTINATION))
    elif kind == "loop":
        side.update(draw_loop(rng))
    elif kind == "image":
        side["format"] = rng.choice(("qcow2", "qcow2", "vdi", "vhdx", "vmdk"))
        side["before"] = rng.choice(("nothing", "nothing", "hole", "other"))
    elif kind == "spawned":
        side["command"] = rng.choice(("nbdkit", "qemu"))
    if kind in STREAMS:
        side["before"] = "nothing"
    return side


def grain(source, destination):
    """Returns a number of which the size must be a multiple."""
    need = max(least_block(source), least_block(destination))
    if source["kind"] == "loop":
        need = max(need, source["sector"])
    for side in (source, destination):
        if side["kind"] in ("qemu", "image") or side.get("command") == "qemu":
            need = max(need, 512)
    return need


def round_up(n, unit):
    return (n + unit - 1) // unit * unit


def draw_changes(rng, source, destination, size):
    """Lets a source say what has changed; the rest is not to be copied."""
    if source["kind"] != "faulty" or "structured" in source["without"] or \
            destination["before"] == "nothing" or not chance(rng, 0.6):
        return
    source["changes"] = {"most": rng.choice((1, 8, 64, 512)),
                         "in": rng.choice(("base", "changes", "both"))}
    if destination["kind"] == "file":
        destination["length"] = size
    if destination.get("holder") == "dirty":
        destination["holder"] = "open"      # it changes the old content


def draw_bad(rng, source, destination, size):
    """Lets places of a source be unreadable: (start, length), in order."""
    if source["kind"] != "faulty" or source["without"] or \
            destination["kind"] in STREAMS or not chance(rng, 0.6):
        return
    unit = rng.choice((512, 512, 4096, 64 * KiB))
    at, bad = 0, []
    most = max(unit, size // rng.choice((2, 8, 64)))
    while len(bad) < 300:
        at += int(log_uniform(rng, 1, most)) // unit * unit
        length = unit * rng.choice((1, 1, 1, 2, 9, 100))
        if at + length > size:
            break
        bad.append((at, length))
        at += length + unit
    if bad:
        if destination.get("holder") == "dirty":
            destination["holder"] = "open"  # it changes the old content
        source.update({"mode": "read-error", "after": 0, "times": NEVER,
                       "bad": bad})


def draw_size(rng, small):
    if chance(rng, 0.1):
        return rng.randrange(1, 20000)
    return int(log_uniform(rng, 64 * KiB, 4 * MiB if small else 40 * MiB))


def draw_disk(rng, kinds, number, small, streams):
    """Draws one disk: its content, and both sides."""
    sources = {k: w for k, w in kinds["sources"].items()
               if streams or k not in STREAMS}
    destinations = {k: w for k, w in kinds["destinations"].items()
                    if streams or k not in STREAMS}
    size = draw_size(rng, small)
    source = draw_source(rng, weighted(rng, sources))
    if source["kind"] in STREAMS:       # no size, no new image
        destinations.pop("image", None)
    kind = weighted(rng, destinations or {"file": 1})
    destination = draw_destination(rng, kind, size)
    need = grain(source, destination)
    size = round_up(size, max(need, rng.choice((1, 1, 512, 4096, 65536))))
    if not holds_length(destination):
        more = rng.choice((0, 0, 512, 4096, int(log_uniform(rng, 1, 4 * MiB))))
        unit = max(need, destination.get("sector", 1), 512)
        destination["length"] = round_up(size + more, unit) \
            if more or unit > need or chance(rng, 0.3) else size
    draw_changes(rng, source, destination, size)
    draw_bad(rng, source, destination, size)
    return {"number": number, "size": size,
            "layout": rng.choice(content.LAYOUTS),
            "unit": rng.choice((1, 512, 1024, 4096)),
            "source": source, "destination": destination}


def holds_length(destination):
    """Returns True if a destination gets the length of the source."""
    return destination["kind"] in ("file",) + STREAMS


# ---------------------------------------------------------------- options

def loses_unflushed(side):
    """Returns True if its server may lose unflushed writes."""
    return side.get("mode") in ("crash", "flush-crash", "write-drop",
                                "late-write") or \
        side.get("format") == "qcow2" or side.get("command") == "qemu" or \
        side["kind"] == "image" or \
        any(name == "cache" for name, _ in side.get("filters", ()))


def is_stream(disk):
    return disk["source"]["kind"] in STREAMS or \
        disk["destination"]["kind"] in STREAMS


def is_silent(disk):
    return any(side.get("mode") in SILENT
               for side in (disk["source"], disk["destination"]))


def draw_options(rng, disk, shard, slow):
    """Draws the options of one copy; "{map}" etc. stand for file names."""
    options, stream = [], is_stream(disk)
    selects = "changes" in disk["source"]
    salvages = "bad" in disk["source"]

    def maybe(p, *words):
        if chance(rng, p):
            options.extend(words)

    maybe(0.3, f"--threads={rng.choice((1, 1, 2, 3, 4, 8))}")
    maybe(0.2, f"--connections={rng.choice((1, 2, 4, 8))}")
    maybe(0.2, f"--requests={rng.choice((1, 2, 4, 16, 64))}")
    if chance(rng, 0.3):
        least = 12 if disk["size"] < 2 * MiB else 16
        options.append(f"--request-size={1 << rng.randrange(least, 24)}")
    maybe(0.1, f"--queue-size={rng.choice((0, 4096, '1M', '16M'))}")
    maybe(0.3, f"--sparse={rng.choice((0, 512, '4k', '64k', '1M'))}")
    maybe(0.05, "--synchronous")
    maybe(0.12, "--allocated")
    maybe(0.08, "--no-extents")
    if chance(rng, slow):               # so that faults come while it copies
        rate = int(disk["size"] / rng.uniform(0.2, 2.5)) + 65536
        options.append(f"--bwlimit={rate}")
    if salvages:                        # each bad place is retried
        options += [f"--retries={rng.choice((0, 1))}", "--retry-wait=0.01"]
    else:
        maybe(0.4, f"--retries={rng.choice((0, 1, 3, 10, 100))}")
        options.append(f"--retry-wait={rng.choice((0, 0.01, 0.1, 0.3))}")
    if is_silent(disk):
        options.append(f"--stall-timeout={rng.choice((1, 2))}")
    updates = not stream and disk["destination"]["kind"] != "null" and \
        chance(rng, 0.2)
    if updates:
        options.append("--update")
    elif disk["destination"]["before"] in ("hole", "zero", "nothing") and \
            disk["destination"].get("holder") != "dirty":
        maybe(0.3, "--destination-is-zero")
    else:
        maybe(0.1, "--destination-is-zero=no")
    if not stream and chance(rng, 0.6):
        options.append("--map={map}")
        maybe(0.7, "--map-interval=1")
        maybe(1 if selects else 0.1, "--source-id=monday")
    elif not shard and not selects and not salvages and chance(rng, 0.2):
        options.append("--blkhash=" + rng.choice(("sha256/64k", "md5/4k",
                                                  "sha1/1M")))
    elif not loses_unflushed(disk["destination"]):
        maybe(0.1, "--no-flush")
    if updates and loses_unflushed(disk["destination"]) and \
            "--map={map}" not in options:
        options.append("--flush")       # of what a killed run has written
    if not stream and chance(rng, 0.15):
        options.append("--verify")
        maybe(0.5, "--differences={differences}")
    if salvages:
        options.append("--salvage" + rng.choice(("", "=zero")))
    maybe(0.05, "--trace={trace}")
    maybe(0.1, "--status-file={status}")
    if shard:
        options.append(f"--shard={shard}")
    if selects:
        options.append(f"--changed={CHANGED}")
    return options


# ----------------------------------------------------------------- faults

def draw_moment(rng, case):
    """Draws a time in seconds from the start of the copy."""
    longest = 0.3
    for copy in case["copies"]:
        for word in copy["options"]:
            if word.startswith("--bwlimit="):
                size = case["disks"][copy["disk"]]["size"]
                longest = max(longest, size / int(word.split("=")[1]))
    if chance(rng, 0.35):               # while both sides are opened
        return round(rng.uniform(0, 0.08), 4)
    return round(rng.uniform(0, longest), 4)


def restartable(side, role):
    """Returns True if a server can be killed and restarted without harm."""
    return side["kind"] in ("nbdkit", "qemu", "nbd-server", "faulty") or \
        side["kind"] == "data" and role == "source"


def is_server(side):
    return side["kind"] in ("nbdkit", "data", "memory", "qemu", "nbd-server",
                            "faulty", "web")


def draw_fault(rng, case, kinds):
    """Draws one fault; None if it is not possible here."""
    kind = weighted(rng, kinds)
    fault = {"at": draw_moment(rng, case), "what": kind}
    if kind == "signal":
        fault["signal"] = rng.choice(("INT", "TERM", "HUP", "USR1"))
        fault["again"] = chance(rng, 0.15)
    elif kind == "stop":
        fault["for"] = round(rng.uniform(0.01, 1.5), 3)
    elif kind in ("source", "destination"):
        fault["disk"] = rng.randrange(len(case["disks"]))
        side = case["disks"][fault["disk"]][kind]
        if not is_server(side):
            return None
        fault["for"] = round(rng.choice((0, rng.uniform(0, 1.2))), 3)
        ways = ["STOP"] + (["KILL", "KILL", "TERM"]
                           if restartable(side, kind) else [])
        fault["signal"] = rng.choice(ways)
    return fault


def draw_faults(rng, case, kinds):
    """Draws the faults of each try; the last tries have none."""
    tries = []
    if not case["disturbed"]:
        return tries
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        drawn = [draw_fault(rng, case, kinds)
                 for _ in range(rng.choice((1, 1, 2, 3)))]
        tries.append(sorted((f for f in drawn if f), key=lambda f: f["at"]))
    return tries


# ------------------------------------------------------------------ cases

def has_few_places(side):
    return any(name == "limit" for name, _ in side.get("filters", ()))


def shardable(disk, at_once):
    """Returns True if shards are possible.

    Only one copy can open a device, and a server with few places may have none
    for another copy.
    """
    kinds = ["file", "nbdkit", "qemu", "nbd-server", "faulty", "memory"]
    if at_once and (disk["source"]["kind"] == "loop" or
                    has_few_places(disk["source"]) or
                    has_few_places(disk["destination"])):
        return False
    return not is_stream(disk) and \
        disk["destination"]["kind"] in kinds + ([] if at_once else ["loop"])


def draw_copies(rng, case):
    copies = []
    for disk in case["disks"]:
        shards = [None]
        often = {"one": 0, "shards": 1, "manifest": 0.2}[case["way"]]
        if shardable(disk, case["way"] == "manifest") and chance(rng, often):
            parts = rng.choice((2, 3))
            shards = [f"{i + 1}/{parts}" for i in range(parts)]
        for shard in shards:
            slow = 0.6 if case["disturbed"] else 0.1
            copies.append({"disk": disk["number"], "shard": shard,
                           "options": draw_options(rng, disk, shard, slow)})
    return copies


def draw(seed, number, kinds):
    """Draws the case of this number."""
    rng = random.Random(f"{seed}:{number}")
    way = rng.choices(("one", "manifest", "shards"), (8, 1, 1))[0]
    if way not in kinds["ways"]:
        way = rng.choice(kinds["ways"])
    if not set(kinds["sources"]) - set(STREAMS) or \
            not set(kinds["destinations"]) - set(STREAMS):
        way = "one"                     # streams only
    streams = way == "one"
    disks = rng.choice((2, 3, 4)) if way == "manifest" else 1
    case = {"seed": seed, "number": number, "way": way,
            "memory": chance(rng, 0.7),
            "disturbed": bool(kinds["faults"]) and chance(rng, 0.8),
            "disks": [draw_disk(rng, kinds, i, disks > 1, streams)
                      for i in range(disks)]}
    if way == "manifest":
        case["jobs"] = rng.choice((1, 2, 3))
    case["copies"] = draw_copies(rng, case)
    case["report"] = chance(rng, 0.3)
    case["verbose"] = chance(rng, 0.05)
    case["tries"] = draw_faults(rng, case, kinds["faults"])
    if any("bad" in disk["source"] for disk in case["disks"]):
        case["tries"].append([])        # the last try to which places are bad
    case["again"] = chance(rng, 0.15)
    return case


def summary(case):
    """Returns one line with everything that was drawn."""
    words = [f"case {case['number']}:", case["way"]]
    for disk in case["disks"]:
        words.append(f"{disk['size']} bytes ({disk['layout']}, "
                     f"{disk['unit']})")
        words.append(show(disk["source"]) + " to " + show(disk["destination"]))
    for copy in case["copies"]:
        words.append(" ".join(copy["options"]))
    for faults in case["tries"]:
        words.append("[" + "; ".join(show(f) for f in faults) + "]")
    return " ".join(words)


def show(thing):
    """Returns a dict as words."""
    words = []
    for key, value in thing.items():
        if key == "filters":
            value = "+".join(":".join([name] + parameters)
                             for name, parameters in value)
        elif key == "bad":
            value = f"{len(value)} places"
        elif isinstance(value, list):
            value = "+".join(value)
        if value not in ("", None, False):
            words.append(str(value) if key in ("kind", "what") else
                         f"{key}={value}")
    return ",".join(words)
