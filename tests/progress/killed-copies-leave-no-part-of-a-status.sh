#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy that is killed while it writes a status file leaves no temporary file.

. "$(dirname "$0")/../lib/test.sh"
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

# Neither does a copy that is ended by a signal.  The signal comes while the
# first temporary file is linked, which is delayed.  The source never ends.
mkfifo "$tmp/fifo"
# shellcheck disable=SC2034          # it is only kept open
exec {fifo}<> "$tmp/fifo"
TMPDIR=$tmp/private strace -f -qq -o "$tmp/strace" -e trace=linkat \
  -e inject=linkat:delay_exit=5000000:when=1 \
  "$stripecopy" --status-file="$tmp/status/now" "$tmp/fifo" null: \
  > "$output" 2> "$errors" &
servers+=($!)
strace_pid=$!
is_beside () { beside=$(compgen -G "$tmp/status/now.*"); }
wait_until is_beside
copy_pid=${beside##*stripecopy-} copy_pid=${copy_pid%-*}
kill "$copy_pid"
code=0
wait "$strace_pid" || code=$?
[ $code -eq 143 ] || fail "it was not ended by SIGTERM: exit status $code"
[ "$(ls -A "$tmp/status")" = now ] || fail "there is: $(ls "$tmp/status")"
rm "$tmp/status/now"

# The status file of a copy that is not killed is the only file.
copy_ok --status-file="$tmp/status/now" "$tmp/disk" null:
[ "$(ls -A "$tmp/status")" = now ] || fail "there is: $(ls "$tmp/status")"
