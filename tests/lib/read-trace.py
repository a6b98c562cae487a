# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks a file of --trace as a viewer reads it (the trace event format, as
Perfetto imports it: kinds, pairs, rows, units and scopes), and prints for each kind of
event and name the number of events and the sum of their lengths."""

import collections
import json
import sys


def check(good, what):
    if not good:
        sys.exit(f"{sys.argv[1]}: {what}")


with open(sys.argv[1], encoding="ascii") as f:
    trace = json.load(f)
other = trace["otherData"]
found = collections.Counter()
lengths = collections.Counter()
records = 0
named = set()
begun = {}
rows = collections.defaultdict(list)

for e in trace["traceEvents"]:
    ph, name, row = e["ph"], e["name"], (e["pid"], e["tid"])
    args = e.get("args", {})
    check(ph in "MbeXiC", f"unknown kind of event: {e}")
    check(e["ts"] >= 0, f"before the beginning: {e}")
    # Perfetto drops events without these, or shows them in a wrong place.
    check(type(e["pid"]) is int and type(e["tid"]) is int, f"no row: {e}")
    check(isinstance(name, str) and name, f"no name: {e}")
    check(ph not in "be" or e["cat"] and isinstance(e["id"], str),
          f"neither pair nor category: {e}")
    check(ph != "X" or e["dur"] >= 0, f"no length: {e}")
    check(ph != "i" or e["s"] in ("t", "p", "g"), f"no scope: {e}")
    check(ph != "C" or all(type(v) in (int, float) for v in args.values()),
          f"not a number: {e}")
    check(ph != "M" or args, f"metadata of nothing: {e}")
    if ph == "M":
        if name == "thread_name":
            named.add(row)
        continue
    check(row in named, f"in a row without a name: {e}")
    if ph == "e":
        b = begun.pop((e["pid"], e["cat"], e["id"]), None)
        check(b is not None, f"never begun: {e}")
        check(b["name"] == name and b["ts"] <= e["ts"], f"not its end: {e}")
        continue
    if ph == "b":
        key = (e["pid"], e["cat"], e["id"])
        check(key not in begun, f"begun twice: {e}")
        begun[key] = e
    elif ph == "X":
        rows[row].append((e["ts"], e["ts"] + e["dur"], name))
    elif ph == "C":
        check(args["bytes"] >= 0, f"not a level: {e}")
    if name != "overwritten":
        records += 1
    found[ph, name] += 1
    lengths[ph, name] += args.get("length", 0)
    for key in ("unanswered", "errno"):
        if key in args:
            found[ph, key] += 1

check(not begun, f"never ended: {begun}")
for states in rows.values():
    states.sort()
    for a, b in zip(states, states[1:]):
        check(a[1] <= b[0] + 0.01, f"two states at a time: {a} {b}")
check(records >= other["records"], "fewer records than it says")
print("overwritten", other["overwritten"])
print("rows", len(named))
for ph, name in sorted(found):
    print(ph, name.replace(" ", "-"), found[ph, name], lengths[ph, name])
