#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --before runs before each copy, --check after a program's first one, and
# system calls are counted in one more copy.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/measuring.sh"
requires_schemas
requires_bare_binary "system calls are counted"

make_data "$tmp/disk" 1M
make_program half 'head -c 1000 "$1" > "$2"'
# shellcheck disable=SC2016
before='[ ! -e "$STRIPECOPY_BENCH_DESTINATION" ] &&
        echo $STRIPECOPY_BENCH_PROGRAM $STRIPECOPY_BENCH_ROUND >> '"$tmp/log"
# shellcheck disable=SC2016
check='cmp "$STRIPECOPY_BENCH_SOURCE" "$STRIPECOPY_BENCH_DESTINATION"'

run_bench 1 --rounds=2 --against="$tmp/half" --before="$before" \
          --limit=18446744073 \
          --check="$check" --json="$tmp/json" "$tmp/disk" "$tmp/copy"
grep -qF -e '- without half: its copy is wrong: cmp: EOF on ' "$output" ||
  fail "a wrong copy is not found"
[ "$(tr '\n' , < "$tmp/log")" = "stripecopy 1,half 1,stripecopy 2," ] ||
  fail "--before did not run before each copy: $(cat "$tmp/log")"
[ ! -e "$tmp/copy" ] || fail "the destination is left behind"
expect_results '[p["name"] for p in r["programs"]] == ["stripecopy"]'

run_bench 1 --rounds=1 --before='echo no room; false' --against="$tmp/half" \
          "$tmp/disk" "$tmp/copy"
grep -qx 'stripecopy-bench: --before: no room' "$errors" ||
  fail "a failed --before is not told"

# The limit is one for copies: commands between them may take longer.
printf '#!/bin/sh\nexec sleep 3600\n' > "$tmp/endless"
chmod +x "$tmp/endless"
run_bench 1 --rounds=1 --limit=0.01 --before='sleep 0.1' \
          --against="$tmp/endless" "$tmp/disk" "$tmp/copy"
grep -q '^- without endless: not done after 0.01 s' "$output" ||
  fail "--before is limited, or a copy is not"

# A command that says nothing, and gets the signals at their defaults.
# shellcheck disable=SC2016
run_bench 1 --rounds=1 --before='kill -PIPE $$' --against="$tmp/half" \
          "$tmp/disk" "$tmp/copy"
grep -qx 'stripecopy-bench: --before: exit status 141' "$errors" ||
  fail "a silent --before is not told"

if strace -f -c -o "$tmp/strace" true 2> "$errors"; then
  run_bench 0 --rounds=1 --calls --against=/bin/cp --json="$tmp/json" \
            "$tmp/disk" "$tmp/copy"
  expect_results 'all(p["calls"]["all"] > 20 for p in r["programs"])' \
    'r["programs"][1]["calls"]["futex"] is not None'
  grep -q 'system calls per GiB' "$output" || fail "no column of calls"
fi
