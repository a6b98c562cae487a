# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks reports and events of stripecopy against the schemas in docs/.

Each check is words on standard input, each word ended by a NUL, and before
them how many they are:

    report FILE [EXPRESSION...]
    events FILE [EXPRESSION...]
    manifest-report FILE [EXPRESSION...]
    bench FILE [EXPRESSION...]
    same EVENTS REPORT [NAME...]

The answer is a line on standard output: "ok", or "wrong", and then standard
error says why.  One process answers all checks of a test, because Python takes
long to load jsonschema.

Nothing may be told that the schema does not name.  An expression is Python's:
`r` is a report; `e` the list of events, and `of (ev)` those of one kind.
"same" compares what the last event and the report say under these names.
"""

import json
import os
import sys
import traceback

import jsonschema

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                    "docs")


def close_all(schema):
    """Forbids keys that the schema does not name, at each level."""
    if isinstance(schema, dict):
        if "properties" in schema and "required" in schema:
            schema["additionalProperties"] = False
        for part in schema.values():
            close_all(part)
    elif isinstance(schema, list):
        for part in schema:
            close_all(part)


def load_schema(name):
    with open(os.path.join(DOCS, name + ".schema.json")) as f:
        return json.load(f)


def check_report(report, name="report"):
    schema = load_schema(name)
    close_all(schema)
    jsonschema.validate(report, schema)


def check_manifest_report(report):
    """Uses the schema of a single copy for the report of each disk."""
    jsonschema.validate(report, load_schema("manifest-report"))
    for disk in report["disks"]:
        if "source" in disk:
            check_report({k: v for k, v in disk.items()
                          if k not in ("disk", "attempts")})


def event_schemas():
    """Returns one closed schema for each kind of event."""
    schema = load_schema("events")
    kinds = {}
    for part in schema.pop("allOf"):
        closed = json.loads(json.dumps(schema))
        closed["properties"].update(part["then"]["properties"])
        closed["required"] = closed["required"] + part["then"]["required"]
        close_all(closed)
        kinds[part["if"]["properties"]["ev"]["const"]] = closed
    return kinds


def check_progress(events):
    before = -1
    for e in events:
        assert e["done"] == (e["data"] + e["zero"] + e["skipped"]
                             + e["same"] + e["resumed"]), e
        assert e["done"] >= before, "it fell: %s" % e
        assert e["total"] is None or e["done"] <= e["total"], e
        assert (e["percent"] == 100) == (e["phase"] == "done"), e
        assert e["phase"] != "done" or e is events[-1], "it went on: %s" % e
        before = e["done"]


def check_events(events):
    kinds = event_schemas()
    open_schema = load_schema("events")
    for e in events:
        jsonschema.validate(e, open_schema)
        jsonschema.validate(e, kinds[e["ev"]])
    numbers = [e["seq"] for e in events]
    assert numbers == sorted(set(numbers)), numbers
    for disk in {e.get("disk") for e in events}:
        check_progress([e for e in events if e["ev"] == "progress"
                        and e.get("disk") == disk])


def read_lines(name):
    with open(name, encoding="utf-8") as f:
        text = f.read()
    assert text.endswith("\n"), "it does not end with a line end"
    return [json.loads(line) for line in text.splitlines()]


def check_same(events, report, *names):
    end, report = read_lines(events)[-1], read_lines(report)[0]
    for name in names:
        assert end[name] == report[name], (name, end[name], report[name])


def check(kind, name, *expressions):
    if kind == "same":
        return check_same(name, *expressions)
    lines = read_lines(name)
    if kind != "events":
        assert len(lines) == 1, "%d lines" % len(lines)
        if kind in ("report", "bench"):
            check_report(lines[0], kind)
        else:
            check_manifest_report(lines[0])
        known = {"r": lines[0]}
    else:
        check_events(lines)
        known = {"e": lines,
                 "of": lambda ev: [x for x in lines if x["ev"] == ev]}
    for expression in expressions:
        assert eval("(" + expression + ")", known), "%s\nis not so: %s" % (
            json.dumps(lines, indent=1), expression)


def read_words():
    """Returns the arguments of the next check, or None at the end."""
    count = read_word()
    return count and [read_word() for _ in range(int(count))]


def read_word():
    word = b""
    while byte := sys.stdin.buffer.read(1):
        if byte == b"\0":
            return word.decode()
        word += byte
    return None


def main():
    while True:
        words = read_words()
        if words is None:
            return
        try:
            check(*words)
            answer = "ok"
        except Exception as problem:
            if not isinstance(problem, (AssertionError,
                                        jsonschema.ValidationError)):
                traceback.print_exc()
            print("%s\nin %s" % (problem, words[1]), file=sys.stderr, flush=True)
            answer = "wrong"
        print(answer, flush=True)


main()
