#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Tests run all commands of each page that shows commands.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"

for page in BENCHMARKING.md CLUSTERS.md MIGRATION.md; do
  page_sections "$page" > "$tmp/sections"
  [ -s "$tmp/sections" ] || fail "$page has no commands"
  while read -r section; do
    grep -qxF "run_section $page \"$section\"" "$srcdir"/docs/page-of-*.sh ||
      fail "no test runs the commands of $page under: $section"
  done < "$tmp/sections"
done
