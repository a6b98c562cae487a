#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The changelog begins with this version, under the fixed headings.

. "$(dirname "$0")/../lib/test.sh"

changelog=$srcdir/../docs/CHANGELOG.md

copy_ok --version
version=$(sed -n '1s/^stripecopy //p' "$output")
[ -n "$version" ] || fail "no version"
grep -m 1 '^## ' "$changelog" | grep -qE "^## ${version//./\\.} \(.+\)$" ||
  fail "the changelog does not begin with $version"

# The headings are fixed, and so is their order.
awk -v order='Security New Changed Fixed Known' '
  /^## / { last = 0 }
  /^### / {
    at = index (" " order " ", " " $2 " ")
    if (at <= last) { print; bad = 1 }
    last = at
  }
  END { exit bad }
' "$changelog" > "$output" || fail "heading out of order: $(cat "$output")"
