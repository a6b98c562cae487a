#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Secrets in the output of servers are masked on standard error, and in the
# report and the events if the output is the reason of a failure.

. "$(dirname "$0")/../lib/test.sh"
requires nbdkit

secret=open-sesame-46

# In some versions servers write to standard error directly, where nothing can
# be masked.
code=0
run_copy [ sh -c "readlink /proc/self/fd/2 > '$tmp/heard'; exit 1" ] null:
[ "$(< "$tmp/heard")" != "$(realpath "$errors")" ] ||
  skip "servers write to standard error directly in this version"

printed=("https://alice:$secret@host/disk: not found"
         "HEAD [https://host/disk?X-Amz-Date=1&any=$secret]: 403 Forbidden"
         "GET %2Fx%3Fsession_id%3D$secret failed"
         "sent Authorization: Bearer $secret"
         "password=$secret is wrong")
for line in "${printed[@]}"; do
  rm -f "$tmp/report" "$tmp/events"
  echo "$line" > "$tmp/line"
  copy_fails 1 'source ' --report="$tmp/report" --events="$tmp/events" \
             [ cat "$tmp/line" ] null:
  for f in "$errors" "$tmp/report" "$tmp/events"; do
    ! grep -qF $secret "$f" || fail "${f##*/} shows it: $(grep $secret "$f")"
  done
  grep -qF '***' "$errors" || fail "nothing was printed, or nothing masked"
done

# nbdkit prints the address that it could not reach.
if (requires_plugin curl) > "$tmp/probe.log"; then
  copy_fails 1 'source ' --report="$tmp/report" --source-format=raw \
             "http://localhost:1/x?X-Amz-Date=1&any=$secret" null:
  ! grep -F "$secret" "$errors" | grep -v '^stripecopy: source http' ||
    fail "a line of the server shows the secret"
fi
