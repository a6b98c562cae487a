#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The file of each relative link in the README and in docs/ exists.

. "$(dirname "$0")/../lib/test.sh"

top=$srcdir/..
links=0
for page in "$top/README.md" "$top"/docs/*.md; do
  while read -r link; do
    [ -e "$(dirname "$page")/$link" ] || fail "${page##*/} links to $link"
    links=$((links + 1))
  done < <(grep -o '](\([^)#:]*\)' "$page" | cut -c 3-)
done
[ $links -gt 10 ] || fail "only $links links were found"
