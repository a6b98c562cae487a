#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --help, --version and the lists for shell completion go to standard output.

. "$(dirname "$0")/../lib/test.sh"

said_out () { grep -qE -e "$1" "$output" || fail "not on standard output: $1"; }

for option in --help --version -V --long-options --short-options; do
  copy_ok $option
  [ -s "$output" ] || fail "$option prints nothing"
  [ ! -s "$errors" ] || fail "$option prints on standard error"
done

copy_ok --help
for name in allocated connections destination-is-zero flush no-extents \
            progress queue-size request-size requests sparse synchronous \
            threads verbose version plan quiet no-flush; do
  said_out "--$name\\b"
done
copy_ok --version
[ "$(wc -l < "$output")" -eq 2 ] || fail "--version is not two lines"
said_out '^stripecopy [0-9]+\.[0-9]'
said_out '^libnbd [0-9]+\.[0-9]'

copy_ok --long-options
! grep -vqE '^--[a-z-]+$' "$output" || fail "a line is not an option"
said_out '^--target-is-zero$'
! grep -qE -e '^--(long|short)-options$' "$output" ||
  fail "the lists contain the options that print them"
copy_ok --short-options
! grep -vqE '^-[A-Za-z]$' "$output" || fail "a line is not an option"
said_out '^-T$'
