#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Standard input and output may be sockets, and even the same one.

. "$(dirname "$0")/../lib/test.sh"
requires socat

make_data "$tmp/disk" 4198401

# through SOCAT-ARGS...: copies from and to a socket.
through ()
{
  timeout "$limit" socat -t "$limit" "$@" < /dev/null 2> "$errors" ||
    fail "exit status $? from: socat $*"
  expect_identical "$tmp/disk" "$tmp/copy"
  rm "$tmp/copy"
}

# The program that socat starts has a name without special characters of socat:
# the build folder may have a comma in its name.
{
  echo '#!/usr/bin/env bash'
  printf 'exec'
  printf ' %q' "${wrapper[@]}" "$(realpath "$stripecopy")"
  echo ' "$@"'
} > "$tmp/copier"
chmod +x "$tmp/copier"

through -u EXEC:"$tmp/copier $tmp/disk -" CREATE:"$tmp/copy"
through -u FILE:"$tmp/disk" EXEC:"$tmp/copier - $tmp/copy"
through "FILE:$tmp/disk!!CREATE:$tmp/copy" EXEC:"$tmp/copier - -"
