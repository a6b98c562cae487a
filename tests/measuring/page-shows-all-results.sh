#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The page of --html is opened in Chromium: it needs no network and complains of
# nothing, shows every program in each plot and in the table, fits narrow and
# wide windows, light and dark, and shows names of any kind as they are, but no
# secrets.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/measuring.sh"
requires python3 chromium
requires_plugin null

serve_nbdkit dst null 1M
hostile="$tmp/<script>alert('1')<"
mkdir "$tmp/<i>" "$hostile"
make_data "$hostile/script>&<b>\"" 1M
make_program '<i>/<img src=x onerror=alert(3)>; its name is long' 'exec '"$stripecopy"' "$@"'
make_program bad 'echo "<u>bad & worse</u>"; exit 1'
run_bench 1 --rounds=3 --json="$tmp/json" --html="$tmp/page.html" \
          --against="$tmp/<i>/<img src=x onerror=alert(3)>; its name is long,$tmp/bad" \
          "$hostile/script>&<b>\"" "$dst&password=geheim"
! grep -q geheim "$tmp/page.html" "$tmp/json" "$output" "$errors" ||
  fail "a secret is shown"

# What is in the page, as one value.
cat > "$tmp/expression" << 'END'
(() => {
  const all = s => [...document.querySelectorAll(s)];
  const lights = c => c.match(/[0-9.]+/g).slice(0, 3)
    .map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const style = getComputedStyle(document.body);
  const [a, b] = [lights(style.color), lights(style.backgroundColor)]
    .sort((x, y) => y - x);
  const seen = e => e.getBoundingClientRect();
  return {
    json: document.getElementById('results').textContent,
    rows: all('table.wide tbody tr').map(r => r.cells[0].textContent),
    wide: document.documentElement.scrollWidth,
    too_wide: all('main *').filter(e => seen(e).right > innerWidth + 1 &&
                                   !e.closest('svg')).map(e => e.outerHTML),
    charts: all('svg.chart').map(s => ({
      id: s.id, width: seen(s).width, dots: s.querySelectorAll('.dot').length,
      bars: s.querySelectorAll('.bar.median').length,
      covered: [...s.querySelectorAll('.name')].filter((n, i) =>
        seen(n).right > seen(s.querySelectorAll('.number')[i]).left).length,
      hints: [...s.querySelectorAll('.dot title, .bar title')]
        .map(t => t.textContent),
      outside: [...s.querySelectorAll('text, .dot, .bar')].filter(
        e => seen(e).left < -1 || seen(e).right > innerWidth + 1).length})),
    left_out: all('.left-out').map(e => e.textContent),
    sides: document.querySelector('.sides').textContent,
    injected: all('main script, main img, main u, main i, main b b, ' +
                  'script:not([type="application/json"])').length,
    contrast: (a + .05) / (b + .05),
    dark: lights(style.backgroundColor) < .2,
    small: all('main p, main td, main th, main text, main dd').filter(
      e => parseFloat(getComputedStyle(e).fontSize) < 12).length,
  };
})()
END

cat > "$tmp/check.py" << 'END'
import json, sys
result = json.load(sys.stdin)
page, width, scheme = result["value"], int(sys.argv[2]), sys.argv[3]
with open(sys.argv[1]) as f:
    results = json.load(f)
names = [p["name"] for p in results["programs"]]
assert result["complaints"] == [], result["complaints"]
assert len(result["requests"]) == 1, result["requests"]
assert json.loads(page["json"]) == results, "other JSON"
assert page["rows"] == names and len(names) == 2, page["rows"]
assert "<img src=x onerror=alert(3)>; its name is long" in names, names
assert page["wide"] <= width and not page["too_wide"], page["too_wide"]
charts = {c["id"]: c for c in page["charts"]}
assert sorted(charts) == ["chart-cpu", "chart-memory", "chart-rounds",
                          "chart-wall"], charts
for name, chart in charts.items():
    assert 0.25 * width < chart["width"] <= width and not chart["outside"], chart
    assert chart["covered"] == 0, chart
    assert chart["bars"] == (0 if name == "chart-rounds" else 2), chart
for name in ("chart-wall", "chart-rounds"):
    assert charts[name]["dots"] == 6, charts[name]
for p in results["programs"]:
    for run in p["runs"]:
        assert any("%.3f s" % run["wall"] in h
                   for h in charts["chart-wall"]["hints"]), run
assert "<u>bad & worse</u>" in page["left_out"][0], page["left_out"]
assert results["source"] in page["sides"] and "***" in page["sides"], page
assert page["injected"] == 0, page["injected"]
assert page["contrast"] > 7 and page["small"] == 0, page
assert page["dark"] == (scheme == "dark"), scheme
END

mkdir "$tmp/profile"
for width in 400 1600; do
  for scheme in light dark; do
    timeout -k 5 "$limit" python3 "$srcdir/lib/browse.py" chromium \
      "$tmp/profile" "$tmp/page.html" $width $scheme \
      "$(cat "$tmp/expression")" > "$tmp/page.json" 2> "$errors" ||
      fail "Chromium cannot show the page"
    python3 "$tmp/check.py" "$tmp/json" $width $scheme < "$tmp/page.json" \
      2> "$errors" || fail "at $width pixels, $scheme"
  done
done
