#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The table of docs/FILES.md names each function that can create, change, empty
# or remove a file, and says why that is harmless.  It names no function that
# does not exist.

. "$(dirname "$0")/../lib/test.sh"

calls='open|openat|creat|fopen|unlink|unlinkat|remove|rename|renameat2?'
calls+='|link|linkat|symlink|truncate|ftruncate|fallocate|mkdir|mkdirat|mkdtemp'
calls+='|mkstemp|mkostemp|mkfifo|mknod|rmdir|bind|memfd_create'
calls+='|device_remove_file|descriptor_reopen|io_uring_prep_fallocate'

# Prints FILE FUNCTION for each call; a function's name begins its line.
awk -v calls="(^|[^a-z_>.])($calls) \\\\(" '
  /^[a-z_]+ \(/ { name = $1 }
  /^[ \t]/ && $0 ~ calls && !/^ *\*/ && !/\/\*.*\(.*\*\// {
    n = split (FILENAME, parts, "/")
    print parts[n], name
  }' "$srcdir"/../copy/*.c "$srcdir"/../copy/*/*.c \
    "$srcdir"/../common/*.c | sort -u > "$tmp/made"

sed -nE 's/^\| (common\/)?([a-z-]+\.c), ([^|]*) \| .*/\2 \3/p' \
    "$srcdir/../docs/FILES.md" |
  sed -E 's/ and / /g; s/,//g' |
  while read -r file functions; do
    for function in $functions; do
      echo "$file $function"
    done
  done | sort -u > "$tmp/explained"

[ "$(wc -l < "$tmp/made")" -gt 20 ] || fail "no calls were found"
diff "$tmp/made" "$tmp/explained" > "$tmp/diff" ||
  fail "not explained (<), or not in the code (>): $(grep '^[<>]' "$tmp/diff")"
