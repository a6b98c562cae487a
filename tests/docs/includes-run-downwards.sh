#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# No file includes a header of a higher floor, and no includes form a circle.
# The floors are the rows of the table of folders in docs/ARCHITECTURE.md, from
# bottom to top.  A .c file and its header count as one, and so does a header
# that ends in -private.h: what counts is what a file and its users need.

. "$(dirname "$0")/../lib/test.sh"

# Sets room to what a header and its .c file have in common.
find_room ()
{
  room=${1%.[ch]}
  room=${room%-private}
}

# Prints the violations in a tree, one per line.
check_includes ()
{
  local -A floor=()
  local n=0 folder file header to from_floor to_floor room from
  while read -r folder; do
    floor[$folder]=$((++n))
  done < <(sed -nE '/^## Folders/,/^## [^F]/s,^\| `([a-z/]+)/` .*,\1,p' \
             "$1/docs/ARCHITECTURE.md")
  [ "$n" -gt 5 ] || echo "docs/ARCHITECTURE.md has no table of folders"

  (cd "$1" && grep -HoE '^#include "[^"]+"' common/*.[ch] copy/*.[ch] \
                copy/*/*.[ch]) |
    sed -E 's/:#include "(.*)"/ \1/' > "$tmp/includes"
  [ "$(wc -l < "$tmp/includes")" -gt 300 ] || echo "no includes were found"

  while read -r file header; do
    [ "$header" != config.h ] || continue
    to=copy/$header
    [ -e "$1/$to" ] || to=common/$header
    [ -e "$1/$to" ] || echo "$file includes $header, which does not exist"
    from_floor=${floor[${file%/*}]:-} to_floor=${floor[${to%/*}]:-}
    if [ -z "$from_floor" ]; then
      echo "$file: its folder is not in the table of docs/ARCHITECTURE.md"
    elif [ "${to_floor:-$((n + 1))}" -gt "$from_floor" ]; then
      echo "$file includes $header, which is on a higher floor"
    fi
    find_room "$file"
    from=$room
    find_room "$to"
    [ "$from" = "$room" ] || echo "$from $room" >&3
  done < "$tmp/includes" 3> "$tmp/edges"

  tsort "$tmp/edges" > "$tmp/sorted" 2> "$tmp/circles" ||
    echo "a circle of includes: $(grep -v 'contains a loop' "$tmp/circles" |
                                    cut -d: -f2- | tr '\n' ' ')"
}

findings=$(check_includes "$srcdir/..")
[ -z "$findings" ] || fail "$findings"

# expect_finding FILE HEADER WORDS: lets FILE also include HEADER, in a copy of
# the tree, and checks that this is found.
tree=$tmp/tree
expect_finding ()
{
  local findings file=$1 header=$2 words=$3
  rm -rf "$tree"
  mkdir "$tree"
  (cd "$srcdir/.." && cp --parents docs/ARCHITECTURE.md common/*.[ch] \
                        copy/*.[ch] copy/*/*.[ch] "$tree")
  chmod -R u+w "$tree"
  echo "#include \"$header\"" >> "$tree/$file"
  findings=$(check_includes "$tree")
  [[ $findings = *"$words"* ]] ||
    fail "$file may include $header: ${findings:-nothing is found}"
}

expect_finding copy/base/log.h options/options.h \
  "copy/base/log.h includes options/options.h, which is on a higher floor"
expect_finding common/list.h base/log.h \
  "common/list.h includes base/log.h, which is on a higher floor"
expect_finding copy/endpoint/endpoint.c endpoint/open.h \
  "a circle of includes: "
