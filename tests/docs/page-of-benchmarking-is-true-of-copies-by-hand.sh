#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of BENCHMARKING.md for copies by hand, with small disks.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
requires nbdcopy fincore
requires_plugin pattern
requires_plugin null
requires_formats qcow2
export size=16M thin=1G

run_section BENCHMARKING.md "By hand, between two servers"
[ "$(grep -c '^round ' "$output")" -eq 16 ] || fail "not all rounds were run"

make_islands "$page_folder/old.img" 16
run_section BENCHMARKING.md "By hand, with files"
grep -q 'old\.img' "$output" || fail "no line about the page cache"
run_section BENCHMARKING.md "Measuring one part"
run_section BENCHMARKING.md "Traces"
grep -q '"ph":"b"' "$page_folder/trace.json" || fail "there is no trace"
expect_identical "$page_folder/old.img" "$page_folder/new.img"
