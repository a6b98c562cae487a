#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is killed while it writes a status leaves no other file beside that.

. "${srcdir:-.}/functions.sh"
requires_plain_binary "nothing can be injected"
requires strace
strace -qq -o "$tmp/strace" true 2> "$errors" || skip "strace is not allowed"

make_disks 16
mkdir "$tmp/status"
code=0
TMPDIR=$tmp/private timeout -k 5 "$limit" \
  strace -f -qq -o "$tmp/strace" -e trace=fchmod \
         -e inject=fchmod:signal=SIGKILL \
         "$stripecopy" --status-file="$tmp/status/now" "$tmp/disk" null: \
         > "$output" 2> "$errors" || code=$?
[ $code -eq 137 ] || fail "it was not killed: exit status $code"
grep -q 'killed by SIGKILL' "$tmp/strace" || fail "nothing was injected"
[ -z "$(ls -A "$tmp/status")" ] || fail "left: $(ls "$tmp/status")"

# It is there when nobody is killed, and alone.
copy_ok --status-file="$tmp/status/now" "$tmp/disk" null:
[ "$(ls -A "$tmp/status")" = now ] || fail "there is: $(ls "$tmp/status")"
