#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each function and each file that ARCHITECTURE.md and HACKING.md name exists.

. "$(dirname "$0")/../lib/test.sh"

top=$(realpath "$srcdir/..")

(cd "$top" && find copy common tests docs -name '*.[ch]' -o -name '*.sh' \
                -o -name '*.py' -o -name Makefile.am) > "$tmp/files"
(cd "$top" && xargs grep -ohE '[a-z][a-z0-9]*(_[a-z0-9]+)+' < "$tmp/files") |
  sort -u > "$tmp/words"

names=0
for page in ARCHITECTURE.md HACKING.md; do
  # shellcheck disable=SC2016
  while read -r name; do
    grep -qE "(^|/)$name\$" "$tmp/files" || fail "$page: there is no $name"
    names=$((names + 1))
  done < <(grep -oE '`[a-z][a-z/_-]*\.(c|h|sh|py)`' "$top/docs/$page" |
             tr -d '`' | sort -u)
  # shellcheck disable=SC2016
  while read -r name; do
    grep -qxF "$name" "$tmp/words" || fail "$page: nothing is called $name"
    names=$((names + 1))
  done < <(grep -oE '`[a-z][a-z0-9]*(_[a-z0-9]+)+`' "$top/docs/$page" |
             tr -d '`' | sort -u)
done
[ $names -gt 50 ] || fail "only $names names were found"
