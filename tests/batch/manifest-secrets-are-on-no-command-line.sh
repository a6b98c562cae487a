#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The entries of a manifest are not visible in the list of processes while its
# copies run: neither in their command lines nor in their environment.

. "$(dirname "$0")/../lib/test.sh"
requires_filter delay
requires_plugin memory

printf 'open-sesame-43\nprivate-file-44' > "$tmp/secrets"
secret=open-sesame-43
touch "$tmp/private-file-44"
for name in web data; do
  serve_logged $name --filter=delay memory 1M delay-read=86400
done
# shellcheck disable=SC2154
web=${web/'://'/"://alice:$secret@"} data=${data/'://'/"://alice:$secret@"}
cat > "$tmp/manifest" << END
[ { "disk": "web", "source": "$web", "destination": "null:",
    "no-extents": true, "bwlimit": "@$tmp/private-file-44" },
  { "disk": "data", "source": "$data", "destination": "$tmp/copy",
    "no-extents": true, "map": "$tmp/map?password=$secret" } ]
END
echo 1G > "$tmp/private-file-44"

start_copy --manifest="$tmp/manifest" --jobs=2 -v
wait_until has_request web Read
wait_until has_request data Read

copies=0
find_leftovers
for pid in "${leftovers[@]}"; do
  if grep -qFa -f "$tmp/secrets" "/proc/$pid/cmdline" "/proc/$pid/environ"
  then
    fail "it shows a secret: $(tr '\0' ' ' < "/proc/$pid/cmdline")"
  fi
  ! grep -qFa -e --disk= "/proc/$pid/cmdline" || copies=$((copies + 1))
  [ "$(readlink "/proc/$pid/fd/0")" = /dev/null ] ||
    fail "its standard input still has the arguments"
done
[ $copies -eq 2 ] || fail "$copies copies can be told apart, not 2"
kill -TERM "$copy_pid"
wait_copy
[ $code -eq 143 ] || fail "exit status $code"
expect_error 'disk web: '

# The option is refused on the command line.
copy_fails 2 '^stripecopy: --words-from-standard-input: ' \
           --words-from-standard-input
