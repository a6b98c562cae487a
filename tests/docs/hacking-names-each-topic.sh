#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# docs/HACKING.md has a row for each folder of tests, and no others.

. "$(dirname "$0")/../lib/test.sh"

for script in "$srcdir"/*/*.sh; do
  topic=$(basename "${script%/*}")
  case $topic in bench|lib) ;; *) echo "$topic" ;; esac
done | sort -u > "$tmp/folders"
sed -n '/^| Folder /,/^$/ s/^| `\([a-z]*\)` .*/\1/p' \
  "$srcdir/../docs/HACKING.md" | sort > "$tmp/rows"
[ -s "$tmp/rows" ] || fail "the table is not found"
diff "$tmp/folders" "$tmp/rows" > "$output" || fail "they differ"
