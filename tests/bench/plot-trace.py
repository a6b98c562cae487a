# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws a file of --trace: the requests that each worker had in flight, and its
states.

    plot-trace.py TRACE PICTURE.svg

A viewer such as Perfetto shows more, and each number.
"""

import collections
import html
import json
import sys

COLOURS = {"read": "#0072b2", "write": "#d55e00", "zero": "#009e73",
           "source extents": "#56b4e9", "destination extents": "#e69f00",
           "flush": "#000000"}
STATE = "#b9c0c8"
WIDTH, LEFT, RIGHT = 780, 90, 770
LANE, GAP = 7, 34


def read_trace(path):
    """Returns names of rows, states, and requests, both by row, in ms."""
    names, begun = {}, {}
    states = collections.defaultdict(list)
    requests = collections.defaultdict(list)
    with open(path, encoding="ascii") as f:
        events = json.load(f)["traceEvents"]
    for e in events:
        row, at = (e["pid"], e["tid"]), e["ts"] / 1000
        if e["ph"] == "M" and e["name"] == "thread_name":
            names[row] = e["args"]["name"]
        elif e["ph"] == "X":
            states[row].append((at, at + e["dur"] / 1000, e["name"]))
        elif e["ph"] == "b":
            begun[e["pid"], e["id"]] = at
        elif e["ph"] == "e":
            requests[row].append((begun.pop((e["pid"], e["id"])), at,
                                  e["name"]))
    return names, states, requests


def lanes_of(requests):
    """Gives each request the first lane that is free when it begins."""
    lanes = []
    for begin, end, name in sorted(requests):
        lane = next((i for i, free in enumerate(lanes) if free <= begin),
                    len(lanes))
        lanes[lane:lane + 1] = [end]
        yield lane, begin, end, name


class Drawing:
    """An SVG on a scale of milliseconds."""

    def __init__(self, first, last):
        self.first = first
        self.scale = (RIGHT - LEFT) / (last - first)
        self.parts = []
        self.y = 46

    def x(self, ms):
        return LEFT + (ms - self.first) * self.scale

    def text(self, x, y, words, anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="#222"'
                          f' text-anchor="{anchor}">{html.escape(words)}</text>')

    def bar(self, begin, end, y, height, colour, words):
        self.parts.append(
            f'<rect x="{self.x(begin):.1f}" y="{y:.1f}"'
            f' width="{max((end - begin) * self.scale, 0.8):.1f}"'
            f' height="{height}" fill="{colour}"><title>{html.escape(words)},'
            f' {end - begin:.1f} ms</title></rect>')

    def row(self, name, states, requests):
        """Draws one worker: its states, and below them its requests."""
        self.text(4, self.y + 12, name)
        for begin, end, words in states:
            self.bar(begin, end, self.y, 14, STATE, words)
            if (end - begin) * self.scale > 7 * len(words):
                self.text(self.x((begin + end) / 2), self.y + 11, words,
                          "middle")
        self.y += 18
        most = 0
        for lane, begin, end, words in lanes_of(requests):
            most = max(most, lane + 1)
            self.bar(begin, end, self.y + lane * LANE, LANE - 1,
                     COLOURS.get(words, "#cc79a7"), words)
        self.y += most * LANE + GAP

    def axis(self, last):
        step = next(s * 10 ** e for e in range(-1, 7) for s in (1, 2, 5)
                    if (last - self.first) / (s * 10 ** e) <= 10)
        for i in range(int((last - self.first) / step) + 1):
            at = self.x(self.first + i * step)
            self.text(at, self.y, f"{i * step:g}{' ms' if i == 0 else ''}",
                      "middle")
            self.parts.insert(0, f'<path d="M{at:.1f} 40V{self.y - 14:.0f}"'
                              f' stroke="#ddd"/>')

    def legend(self, kinds):
        x = LEFT
        for kind in kinds:
            self.parts.append(f'<rect x="{x}" y="12" width="12" height="12"'
                              f' fill="{COLOURS.get(kind, "#cc79a7")}"/>')
            self.text(x + 17, 22, kind)
            x += 34 + 7 * len(kind)
        self.parts.append(f'<rect x="{x}" y="12" width="12" height="12"'
                          f' fill="{STATE}"/>')
        self.text(x + 17, 22, "state of the worker")

    def save(self, path):
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}"'
                    f' height="{self.y + 14:.0f}"'
                    f' viewBox="0 0 {WIDTH} {self.y + 14:.0f}"'
                    f' font-family="sans-serif" font-size="12">\n'
                    f'<rect width="100%" height="100%" fill="white"/>\n')
            f.write("\n".join(self.parts) + "\n</svg>\n")


def main():
    names, states, requests = read_trace(sys.argv[1])
    rows = [r for r in sorted(names) if requests[r]]
    spans = [s for r in rows for s in states[r] + requests[r]]
    first, last = min(s[0] for s in spans), max(s[1] for s in spans)
    drawing = Drawing(first, last)
    drawing.legend([k for k in COLOURS
                    if any(q[2] == k for r in rows for q in requests[r])])
    for row in rows:
        drawing.row(names[row], states[row], requests[row])
    drawing.axis(last)
    drawing.save(sys.argv[2])


main()
