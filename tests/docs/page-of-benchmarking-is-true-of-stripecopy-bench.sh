#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of BENCHMARKING.md for stripecopy-bench, with a small disk.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
. "$srcdir/lib/measuring.sh"
requires_bare_binary "a program is measured"
requires nbdcopy

ln -s "$(realpath "$bench")" "$page_programs"
make_islands "$page_folder/old.img" 16
run_section BENCHMARKING.md "With stripecopy-bench"
[ "$(grep -cE '^\| (stripecopy|nbdcopy) ' "$output")" -eq 2 ] ||
  fail "not both programs were measured"
grep -q '"v":1,' "$page_folder/speed.json" || fail "no results"
grep -q '^</html>' "$page_folder/speed.html" || fail "no page"
[ ! -e "$page_folder/new.img" ] || fail "a copy is left behind"
