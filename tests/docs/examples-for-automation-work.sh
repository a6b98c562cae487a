#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each block of shell commands in docs/AUTOMATION.md works.

. "$(dirname "$0")/../lib/test.sh"
requires python3
requires_plugin file
requires_filter error

document=$(realpath "$srcdir/../docs/AUTOMATION.md")
mkdir "$tmp/bin"
cat > "$tmp/bin/stripecopy" << END
#!/bin/sh
exec ${wrapper[*]} '$(realpath "$stripecopy")' "\$@"
END
chmod +x "$tmp/bin/stripecopy"

# One file for each block.
awk -v to="$tmp/example" '
  /^```sh$/ { inside = 1; n++; next }
  /^```$/ { inside = 0 }
  inside { print > (to n) }' "$document"

n=0
for example in "$tmp"/example*; do
  n=$((n + 1))
  mkdir "$tmp/folder$n"
  truncate -s 8M "$tmp/folder$n/old.img"
  put_data "$tmp/folder$n/old.img" 1000000 2000000
  (cd "$tmp/folder$n" &&
     PATH=$tmp/bin:$PATH timeout "$limit" bash -eu "$example" \
       < /dev/null > "$output" 2> "$errors") ||
    fail "exit status $? from: $(cat "$example")"
  # Each example that copies the whole disk has done so.
  ! grep -q '^stripecopy.* old.img new.img\( \|$\)' "$example" ||
    grep -q -e --plan "$example" ||
    expect_identical "$tmp/folder$n/old.img" "$tmp/folder$n/new.img"
done
[ $n -ge 7 ] || fail "only $n examples were found"
