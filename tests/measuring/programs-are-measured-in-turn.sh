#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each round has a copy by each program and begins with another one, of those
# that are not left out; a program that fails is left out with the reason that it
# printed; the table and the JSON agree.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/measuring.sh"
requires_schemas
requires_plugin pattern
requires_plugin null
requires_bare_binary "servers are looked for"

serve_nbdkit src pattern 16M
serve_nbdkit dst null 16M
# shellcheck disable=SC2016
make_program slow 'echo slow >> "$0.log"; exec '"$stripecopy"' "$@"'
make_program wrong 'echo first; echo "refused: token=abc"; exit 7'

run_bench 1 --rounds=3 --against="$tmp/slow,$tmp/wrong,$tmp/missing" \
          --json="$tmp/json" "$src" "$dst" -- --connections=1
[ "$(wc -l < "$tmp/slow.log")" -eq 3 ] || fail "not three copies"
grep -q '^| stripecopy ' "$output" || fail "no row for stripecopy"
grep -q '^| slow ' "$output" || fail "no row for another program"
grep -qF -e '- without wrong: exit status 7: refused: token=***' \
     "$output" || fail "the reason of a failure is not told"
grep -qF -e '- without missing: it is not an executable file' "$output" ||
  fail "a missing program is not told"
grep -qE '^- stripecopy against slow: ' "$output" || fail "no verdict"

expect_results \
  '[p["name"] for p in r["programs"]] == ["stripecopy", "slow"]' \
  '[p["name"] for p in r["left_out"]] == ["wrong", "missing"]' \
  '[[x["round"] for x in p["runs"]] for p in r["programs"]] == 2 * [[1, 2, 3]]' \
  '[x["place"] for x in r["programs"][0]["runs"]] == [1, 2, 1]' \
  '[x["place"] for x in r["programs"][1]["runs"]] == [2, 1, 2]' \
  'all(sorted(x["wall"] for x in p["runs"])[1] == p["wall"]["median"] for p in r["programs"])' \
  'all(x["peak"] > 1e6 for p in r["programs"] for x in p["runs"])' \
  'all(x["servers_cpu"] is not None for p in r["programs"] for x in p["runs"])' \
  'r["size"] == r["data"] == 16 << 20' \
  'r["comparisons"][0]["with"] == "slow"' \
  'r["ratios_are_to"] == "slow" and r["programs"][1]["wall_ratio"] == 1' \
  '" --connections=1 " in r["programs"][0]["command"]' \
  '"--connections" not in r["programs"][1]["command"]'

# The reason for which a program refuses its command line is told, not the hint
# that comes after it.  Equal names are told apart, and no name forges a line.
make_program usage 'echo "usage: --bad is unknown"
echo "Try --help"; exit 1'
make_program $'forged\n|' 'exec '"$stripecopy"' "$@"'
mkdir "$tmp/folder"
cp "$tmp/slow" "$tmp/folder/slow"
run_bench 1 --rounds=1 --json="$tmp/json" \
  --against="$tmp/usage,/bin/dd,$tmp/slow,$tmp/folder/slow,$tmp/folder/slow,$tmp/forged"$'\n|' \
  "$src" "$dst" -- --unknown
for reason in 'stripecopy: exit status 2: stripecopy: unknown or ambig' \
              'usage: exit status 1: usage: --bad is unknown' \
              'dd: exit status 1: /bin/dd: unrecognized operand '; do
  grep -qF -e "- without $reason" "$output" || fail "no reason: $reason"
done
grep -qF '| forged?\|  ' "$output" || fail "a name forges a line"
expect_results '[p["name"] for p in r["programs"]] == ["slow",
  "'"$tmp/folder/slow"'", "'"$tmp/folder/slow"' (2)", "forged?|"]'

# What a program prints does not fill the memory, and only its end is looked at:
# this one ends when its output has no more than 32 MiB left.
# shellcheck disable=SC2016
make_program loud 'yes $(seq 1 1000) | head -c 64M
until [ $(stat -L -c %b /proc/$$/fd/1) -le 65536 ]; do sleep 0.1; done
echo; echo "too loud"; exit 1'
run_bench 1 --rounds=1 --limit=$((limit / 2)) --against="$tmp/loud" \
          "$src" "$dst"
grep -qF -e '- without loud: exit status 1: too loud' "$output" ||
  fail "the end of a long output is not told, or all of it is kept in memory"

# A program that nobody named, and that is not installed or cannot make such a
# copy, does not count as failed.
run_bench 0 --rounds=1 --json="$tmp/json" "$src" null:
expect_results 'all(p["reason"] == "it is not installed" or
                    p["reason"] == "it cannot copy to null:" for p in r["left_out"])'

# nbd-server starts a child for each connection, whose time is the server's.
if command -v nbd-server > /dev/null; then
  make_data "$tmp/disk" 64M
  serve_nbd_server forking "$tmp/disk"
  run_bench 0 --rounds=1 --json="$tmp/json" --against="$tmp/slow" \
    "$forking" null:
  expect_results 'all(p["servers_cpu"]["median"] >= 0.02 for p in r["programs"])'
fi

# Servers in brackets are children.
mkdir "$tmp/empty"
PATH=$tmp/empty:/bin run_bench 0 --rounds=1 --json="$tmp/json" \
  --against="$tmp/slow" [ "$(command -v nbdkit)" --exit-with-parent null 1M ] null:
expect_results 'r["left_out"] == []' \
  'r["comparisons"][0]["verdict"] == "too few runs"'

# nbdcopy does not take the options of a server for its own, and flushes, wherever
# it is.
if nbdcopy=$(command -v nbdcopy); then
  run_bench 0 --rounds=1 --json="$tmp/json" --against="$nbdcopy" \
    [ "$(command -v nbdkit)" --exit-with-parent null 1M ] null:
  expect_results '" --flush -- [ " in r["programs"][1]["command"]'
fi

# No program has more copies than its budget allows, but one.
run_bench 0 --rounds=9 --budget=0.000001 --against="$tmp/slow" \
          --json=- "$src" "$dst"
cp "$output" "$tmp/json"
expect_results 'all(len(p["runs"]) == 1 for p in r["programs"])'

# A copy that takes too long is ended, with all its processes.
make_program hanging 'sleep 1000 & echo waiting; wait'
run_bench 1 --rounds=1 --limit=1 --against="$tmp/hanging" "$src" "$dst"
grep -qF -e '- without hanging: not done after 1 s' "$output" ||
  fail "a slow program is not left out"
