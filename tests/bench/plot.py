# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes results.json and the plots from the results of tests/bench/run.

    plot.py FOLDER

reads FOLDER/results.tsv.  Plots whose rows were not measured are not drawn.  Only
Python's own library is used.
"""

import collections
import html
import json
import math
import os
import sys

MIB = 1048576

# The rows of each line of throughput against latency, by milliseconds.
LATENCIES = {
    "": {0: "dense", 1: "link1", 5: "link5", 20: "link20", 100: "link100"},
    ", nbdkit -t 64": {20: "link20_t64", 100: "link100_t64"},
}

# Distinct in print and for colour-blind readers.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00",
           "#000000"]


def read_results(path):
    """Returns the lines by their kind, each as a list of fields."""
    lines = collections.defaultdict(list)
    with open(path, encoding="utf-8") as f:
        for line in f:
            kind, *fields = line.rstrip("\n").split("\t")
            lines[kind].append(fields)
    return lines


# -- JSON ---------------------------------------------------------------------

def summarise(lines):
    rows = []
    results = {name: json.loads(line) for name, line in lines["result"]}
    for name, title, size in lines["row"]:
        measured = results.get(name, {"programs": [], "left_out": []})
        left_out = {p: why for row, p, why in lines["out"] if row == name}
        left_out.update((p["name"], p["reason"])
                        for p in measured["left_out"])
        rows.append({"name": name, "title": title, "bytes": int(size) or None,
                     "programs": measured["programs"], "left_out": left_out,
                     "ratios_are_to": measured.get("ratios_are_to"),
                     "comparisons": measured.get("comparisons", []),
                     "busy": measured.get("busy", False)})
    return {
        "machine": dict(lines["machine"]),
        "settings": dict(lines["setting"]),
        "rows": rows,
        "workers": [{"link_ms": int(ms), "program": p, "workers": int(n),
                     "wall": float(wall), "bytes": int(size)}
                    for ms, p, n, wall, size in lines["workers"]],
        "disks": [{"servers": int(s), "at_a_time": int(n), "program": p,
                   "wall": float(wall), "bytes": int(size)}
                  for s, n, p, wall, size in lines["disks"]],
        "map": [{"link_ms": int(ms), "request_size": int(r), "depth": int(d),
                 "wall": float(wall), "bytes": int(size)}
                for ms, r, d, wall, size in lines["map"]],
        "tuned": [{"link_ms": int(ms), "request_size": int(r),
                   "window": int(w), "wall": float(wall), "bytes": int(size)}
                  for ms, r, w, wall, size in lines["tuned"]],
        "points": [{"row": row, "workers": int(w), "request_size": int(r),
                    "depth": int(d), "wall": float(wall), "bytes": int(size)}
                   for row, w, r, d, wall, size in lines["point"]],
        "regret": [{"row": row, "usual": float(usual), "best": float(best),
                    "regret": float(usual) / float(best), "workers": int(w),
                    "request_size": int(r), "depth": int(d)}
                   for row, usual, best, w, r, d in lines["regret"]],
    }


# -- SVG ----------------------------------------------------------------------

class Picture:
    """An SVG with a plot area in it, and a caption above."""

    WIDTH, HEIGHT = 780, 480
    LEFT, RIGHT, TOP, BOTTOM = 95, 760, 50, 400

    def __init__(self, title, x_title, y_title):
        self.parts = []
        self.height = self.HEIGHT
        self.text(self.LEFT, 28, title, size=17)
        self.text((self.LEFT + self.RIGHT) / 2, self.BOTTOM + 44, x_title,
                  anchor="middle")
        middle = (self.TOP + self.BOTTOM) / 2
        self.add(f'<text transform="translate(22 {middle}) rotate(-90)"'
                 f' text-anchor="middle">{html.escape(y_title)}</text>')

    def add(self, part):
        self.parts.append(part)

    def text(self, x, y, words, anchor="start", size=13, colour="#222"):
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
                 f' font-size="{size}" fill="{colour}">'
                 f'{html.escape(str(words))}</text>')

    def line(self, points, colour="#ccc", width=1.0, dash=""):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.add(f'<polyline points="{path}" fill="none" stroke="{colour}"'
                 f' stroke-width="{width}"{dashes}/>')

    def legend_at(self, i, n):
        """Returns where the line of entry i of n starts, below the plot."""
        rows = (n + 2) // 3
        self.height = self.HEIGHT + 20 * rows - 12
        column, row = divmod(i, rows)
        return 60 + column * 240, self.BOTTOM + 68 + 20 * row

    def save(self, path):
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'<svg xmlns="http://www.w3.org/2000/svg"'
                    f' width="{self.WIDTH}" height="{self.height}"'
                    f' viewBox="0 0 {self.WIDTH} {self.height}"'
                    f' font-family="sans-serif" font-size="13">\n'
                    f'<rect width="100%" height="100%" fill="white"/>\n')
            f.write("\n".join(self.parts))
            f.write("\n</svg>\n")
        print(f"- {path}")


def steps_between(low, high):
    """1, 2 or 5 times powers of ten, from below low to above high."""
    steps = [m * 10 ** e for e in range(-3, 9) for m in (1, 2, 5)]
    first = max(i for i, s in enumerate(steps) if s <= low)
    last = min(i for i, s in enumerate(steps) if s >= high)
    return steps[first:last + 1]


def draw_lines(title, x_title, series, x_of, path):
    """series: label -> (colour, dash, {x: MiB a second}); x_of: the place of an
    x between 0 and 1.  Twice as fast is the same way up everywhere."""
    xs = sorted({x for _, _, points in series.values() for x in points})
    ys = [y for _, _, points in series.values() for y in points.values()]
    steps = steps_between(min(ys), max(ys))
    low, high = math.log(steps[0]), math.log(steps[-1])
    pic = Picture(title, x_title, "MiB a second")

    def place(x, y):
        up = (math.log(y) - low) / max(high - low, 1e-9)
        return (pic.LEFT + x_of(x) * (pic.RIGHT - pic.LEFT),
                pic.BOTTOM - up * (pic.BOTTOM - pic.TOP))

    for step in steps:
        y = place(xs[0], step)[1]
        pic.line([(pic.LEFT, y), (pic.RIGHT, y)])
        pic.text(pic.LEFT - 8, y + 4, f"{step:g}", anchor="end")
    for x in xs:
        at = place(x, steps[0])[0]
        pic.text(at, pic.BOTTOM + 20, f"{x:g}", anchor="middle")
        pic.line([(at, pic.BOTTOM), (at, pic.BOTTOM + 5)], "#888")
    for i, (label, (colour, dash, points)) in enumerate(series.items()):
        places = [place(x, points[x]) for x in sorted(points)]
        pic.line(places, colour, 2.2, dash)
        for x, y in places:
            pic.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"'
                    f' fill="{colour}"/>')
        x, y = pic.legend_at(i, len(series))
        pic.line([(x, y), (x + 30, y)], colour, 2.2, dash)
        pic.text(x + 38, y + 4, label)
    pic.save(path)


def colour_of(programs, program):
    return COLOURS[programs.index(program) % len(COLOURS)]


def plot_latency(results, folder):
    rows = {r["name"]: r for r in results["rows"]}
    programs = list(dict.fromkeys(
        p["name"] for names in LATENCIES.values() for n in names.values()
        if n in rows for p in rows[n]["programs"] if p["name"] != "floor"))
    series = {}
    for suffix, names in LATENCIES.items():
        for program in programs:
            points = {ms: rows[n]["bytes"] / MIB / p["wall"]["median"]
                      for ms, n in names.items() if n in rows
                      for p in rows[n]["programs"] if p["name"] == program}
            if len(points) > 1:
                series[program + suffix] = (colour_of(programs, program),
                                            "6 4" if suffix else "", points)
    if series:
        draw_lines("Throughput against latency",
                   "delay of each read and of each write, ms", series,
                   lambda x: math.log1p(x) / math.log1p(100),
                   os.path.join(folder, "latency.svg"))


def plot_workers(results, folder):
    programs = list(dict.fromkeys(w["program"] for w in results["workers"]))
    most = max((w["workers"] for w in results["workers"]), default=1)
    series = {}
    for w in results["workers"]:
        link = f", {w['link_ms']} ms" if w["link_ms"] else ", near"
        _, _, points = series.setdefault(
            w["program"] + link, (colour_of(programs, w["program"]),
                                  "6 4" if w["link_ms"] else "", {}))
        points[w["workers"]] = w["bytes"] / MIB / w["wall"]
    if series:
        draw_lines("Throughput against workers", "workers (-C N -T N)", series,
                   lambda x: (x - 1) / max(most - 1, 1),
                   os.path.join(folder, "workers.svg"))


def plot_disks(results, folder):
    """Draws throughput against the number of copies at a time."""
    programs = list(dict.fromkeys(d["program"] for d in results["disks"]))
    series = {}
    for d in results["disks"]:
        label = f"{d['program']}, {d['servers']} server" + (
            "s" if d["servers"] > 1 else "")
        _, _, points = series.setdefault(
            label, (colour_of(programs, d["program"]),
                    "6 4" if d["servers"] > 1 else "", {}))
        points[d["at_a_time"]] = d["bytes"] / MIB / d["wall"]
    if series:
        draw_lines("Many disks: throughput of all copies together",
                   "copies at a time", series,
                   lambda x: math.log2(x) / 3,
                   os.path.join(folder, "disks.svg"))


def shade(part):
    """Returns a colour from white over yellow to dark red, for 0 to 1."""
    stops = [(255, 255, 229), (254, 217, 118), (240, 59, 32), (128, 0, 38)]
    at = part * (len(stops) - 1)
    i = min(int(at), len(stops) - 2)
    rgb = [a + (b - a) * (at - i) for a, b in zip(stops[i], stops[i + 1])]
    return "#" + "".join(f"{round(c):02x}" for c in rgb)


def size_name(n):
    return f"{n // MIB} MiB" if n >= MIB else f"{n // 1024} KiB"


def plot_map(results, ms, folder):
    cells = {(p["request_size"], p["depth"]): p["bytes"] / MIB / p["wall"]
             for p in results["map"] if p["link_ms"] == ms}
    tuned = [t for t in results["tuned"] if t["link_ms"] == ms]
    if not cells:
        return
    requests = sorted({r for r, _ in cells})
    depths = sorted({d for _, d in cells})
    best = max(list(cells.values())
               + [t["bytes"] / MIB / t["wall"] for t in tuned])
    link = f"{ms} ms each way" if ms else "a near link"
    pic = Picture(f"MiB a second, each point fixed, on {link}",
                  "requests in flight in one worker",
                  "request size")
    width = (pic.RIGHT - pic.LEFT) / len(depths)
    height = (pic.BOTTOM - pic.TOP) / len(requests)

    def corner(row, column):
        return (pic.LEFT + column * width, pic.BOTTOM - (row + 1) * height)

    for i, r in enumerate(requests):
        x, y = corner(i, 0)
        pic.text(x - 8, y + height / 2 + 4, size_name(r), anchor="end")
        for j, d in enumerate(depths):
            if (r, d) not in cells:
                continue
            x, y = corner(i, j)
            part = cells[r, d] / best
            pic.add(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}"'
                    f' height="{height:.1f}" fill="{shade(part)}"'
                    f' stroke="white"/>')
            pic.text(x + width / 2, y + 18, f"{cells[r, d]:.0f}",
                     anchor="middle", colour="#fff" if part > 0.6 else "#222")
    for j, d in enumerate(depths):
        pic.text(corner(0, j)[0] + width / 2, pic.BOTTOM + 20, d,
                 anchor="middle")
    for t in tuned:
        mark_tuned(pic, t, requests, depths, width, height)
    pic.save(os.path.join(folder, f"map-{ms}ms.svg"))


def mark_tuned(pic, tuned, requests, depths, width, height):
    """Draws a ring where the copy without settings came to rest."""

    def between(values, value):
        """Returns the place of a value on a scale that doubles, in cells."""
        logs = [math.log2(v) for v in values]
        at = math.log2(max(value, 1))
        for i in range(len(logs) - 1):
            if at <= logs[i + 1]:
                return max(i + (at - logs[i]) / (logs[i + 1] - logs[i]), 0)
        return len(logs) - 1

    depth = tuned["window"] / tuned["request_size"]
    x = pic.LEFT + (between(depths, depth) + 0.5) * width
    y = pic.BOTTOM - (between(requests, tuned["request_size"]) + 0.5) * height
    speed = tuned["bytes"] / MIB / tuned["wall"]
    pic.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="none"'
            f' stroke="#0072b2" stroke-width="4"/>')
    pic.text(pic.LEFT, pic.HEIGHT - 12, f"\u25cb chosen by a copy itself:"
             f" {size_name(tuned['request_size'])} x {depth:.0f},"
             f" {speed:.0f} MiB a second", colour="#0072b2")


def plot_regret(results, folder):
    """Draws bars: the usual copy's time relative to the best point."""
    rows = results["regret"]
    if not rows:
        return
    pic = Picture("Regret: the usual copy's time, of that of the best point",
                  "row", "ratio")
    top = max(1.5, *(r["regret"] for r in rows))
    width = (pic.RIGHT - pic.LEFT) / len(rows)

    def height(ratio):
        return pic.BOTTOM - ratio / top * (pic.BOTTOM - pic.TOP)

    for step in (0.5, 1, 1.15, 1.5):
        pic.line([(pic.LEFT, height(step)), (pic.RIGHT, height(step))],
                 "#d55e00" if step == 1.15 else "#ccc")
        pic.text(pic.LEFT - 8, height(step) + 4, f"{step:g}", anchor="end")
    for i, r in enumerate(rows):
        x, y = pic.LEFT + i * width, height(r["regret"])
        pic.add(f'<rect x="{x + width * 0.15:.1f}" y="{y:.1f}"'
                f' width="{width * 0.7:.1f}" height="{pic.BOTTOM - y:.1f}"'
                f' fill="{COLOURS[0]}"/>')
        pic.text(x + width / 2, y - 5, f"{r['regret']:.2f}", anchor="middle")
        pic.text(x + width / 2, pic.BOTTOM + 18,
                 r["row"].removeprefix("link"), anchor="middle", size=11)
    pic.save(os.path.join(folder, "regret.svg"))


def main():
    folder = sys.argv[1]
    results = summarise(read_results(os.path.join(folder, "results.tsv")))
    path = os.path.join(folder, "results.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(results, f, indent=1)
        f.write("\n")
    print(f"\nAlso written:\n\n- {path}")
    plot_latency(results, folder)
    plot_workers(results, folder)
    plot_disks(results, folder)
    plot_regret(results, folder)
    for ms in sorted({p["link_ms"] for p in results["map"]}):
        plot_map(results, ms, folder)


main()
