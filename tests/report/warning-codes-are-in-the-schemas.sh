#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The schemas list exactly the codes of warnings that the program has.

. "$(dirname "$0")/../lib/test.sh"

cat "$srcdir"/../copy/*.c "$srcdir"/../copy/*/*.c | tr '\n' ' ' |
  grep -oE 'log_warning_as \( *"[a-z-]+"' | grep -oE '"[a-z-]+"' | tr -d '"' |
  sort -u > "$tmp/used"
[ "$(wc -l < "$tmp/used")" -gt 10 ] || fail "no codes were found"

for schema in events report; do
  grep -oE 'a fixed word for programs[^"]*' \
       "$srcdir/../docs/$schema.schema.json" |
    sed 's/.*: //' | tr -s ', ' '\n' | sort -u > "$tmp/listed"
  diff "$tmp/used" "$tmp/listed" > "$tmp/diff" ||
    fail "$schema: missing (<) or unused (>): $(grep '^[<>]' "$tmp/diff")"
done
