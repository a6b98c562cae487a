# SPDX-License-Identifier: LGPL-2.1-or-later
# For the tests of stripecopy-bench: runs it, and checks its results.
# shellcheck shell=bash disable=SC2154

bench=$(dirname "$stripecopy")/stripecopy-bench
[ -x "$bench" ] || skip "stripecopy-bench is not beside stripecopy"

# Runs stripecopy-bench, which must end with this status.
run_bench ()
{
  local want=$1
  shift
  code=0
  STRIPECOPY_TEST_COPY=$tmp TMPDIR=$tmp/private timeout -k 5 "$limit" \
    "$bench" "$@" < /dev/null > "$output" 2> "$errors" || code=$?
  expect_no_crash
  expect_no_leftovers
  [ $code -eq "$want" ] ||
    fail "exit status $code, not $want: stripecopy-bench $*"
}

# Checks the JSON in $tmp/json with Python's expressions, as in json-check.py.
expect_results () { expect_json bench "$tmp/json" "$@"; }

# Makes a program of this name that runs these commands.
make_program ()
{
  printf '#!/bin/sh\n%s\n' "$2" > "$tmp/$1"
  chmod +x "$tmp/$1"
}
