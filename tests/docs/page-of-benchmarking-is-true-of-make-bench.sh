#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of BENCHMARKING.md for make bench, with small disks.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
requires_bare_binary "nothing is measured"
requires make nbdcopy qemu-img strace
requires_plugin pattern
requires_plugin null
unset MAKEFLAGS MFLAGS MAKELEVEL        # those of the make that runs the tests

build=$(realpath "$(dirname "$stripecopy")/..")
[ -f "$build/Makefile" ] || skip "this program was not built in this tree"
# shellcheck disable=SC2016
printf 'bench:\n\t+@$(MAKE) -s -C %q bench\n' "$build" > "$page_folder/Makefile"
export BENCH_QUICK=1 BENCH_ROUNDS=1 BENCH_DENSE=16M BENCH_FILE=16M
export BENCH_LIMIT=$limit               # on a busy machine, too

run_section BENCHMARKING.md "With make bench"
[ "$(grep -c '^| stripecopy ' "$output")" -eq 2 ] ||
  fail "some programs were not measured"
