#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What servers print is masked as our own lines are, on standard error, and in
# the report and the events where it is the reason of a failure.

. "$(dirname "$0")/../lib/test.sh"
requires nbdkit

secret=open-sesame-46

# A server that has our own standard error is not heard by us.
code=0
run_copy [ sh -c "readlink /proc/self/fd/2 > '$tmp/heard'; exit 1" ] null:
[ "$(< "$tmp/heard")" != "$(realpath "$errors")" ] ||
  skip "servers write to standard error by themselves in this version"

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

# nbdkit tells the address that it could not reach.
if (requires_plugin curl) > "$tmp/probe.log"; then
  copy_fails 1 'source ' --report="$tmp/report" --source-format=raw \
             "http://localhost:1/x?X-Amz-Date=1&any=$secret" null:
  ! grep -F "$secret" "$errors" | grep -v '^stripecopy: source http' ||
    fail "a line of the server shows it"
fi
