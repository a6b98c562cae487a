#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --trace also writes its file after failures and signals, with the requests
# that were never answered, and without secrets.  A file that cannot be made is
# refused before the first byte is copied.

. "$(dirname "$0")/../lib/test.sh"
requires python3
requires_plugin file

secret=open-sesame-42

# Checks the trace of a copy, which must have an event of this kind.
expect_trace ()
{
  python3 "$srcdir/lib/read-trace.py" "$tmp/trace" > "$tmp/seen" ||
    fail "not a good trace"
  grep -q "^$1 " "$tmp/seen" || fail "no $1: $(cat "$tmp/seen")"
  ! grep -qE "$secret|alice|$tmp|sock" "$tmp/trace" ||
    fail "the trace shows a name or a secret"
  rm "$tmp/trace"
}

make_disks 16
serve_nbdkit dst file "$tmp/copy"
serve_faulty src --mode=read-error --after=3 "$tmp/disk"
copy_fails 1 'read failed' --retries=1 --retry-wait=0 --trace="$tmp/trace" \
           "${src/'://'/"://alice:$secret@"}" "$dst"
expect_fired src
expect_trace 'b errno'
stop_server src

serve_faulty src --mode=read-silent --after=3 "$tmp/disk"
copy_fails 1 'no answer' --trace="$tmp/trace" --retries=0 \
           --stall-timeout=$((3 * factor)) "$src" "$dst"
expect_fired src
expect_trace 'b unanswered'
stop_server src

serve_faulty src --mode=read-silent --after=3 "$tmp/disk"
start_copy --trace="$tmp/trace" "$src" "$dst"
wait_until test -s "$tmp/src.fired"
until copy_has_ended; do            # pending signals merge
  kill -INT "$copy_pid" 2> /dev/null || :
  pause 0.05
done
wait_copy
[ $code -eq 130 ] || fail "exit status $code after two signals"
expect_trace 'b unanswered'

copy_ok --plan --trace="$tmp/trace" "$tmp/disk" "$tmp/copy"
[ ! -e "$tmp/trace" ] || fail "a plan is traced"

# Nothing is touched if the file cannot be made.
cp "$tmp/disk" "$tmp/before"
make_ones "$tmp/copy" 16M
cp "$tmp/copy" "$tmp/ones"
for file in none/trace private disk copy; do
  copy_fails 2 "^stripecopy: --trace=" --trace="$tmp/$file" \
             "$tmp/disk" "$tmp/copy"
done
expect_identical "$tmp/before" "$tmp/disk"
expect_identical "$tmp/ones" "$tmp/copy"

# A trace that cannot be written does not fail the copy.
if [ -w /dev/full ]; then
  copy_ok --trace=/dev/full "$tmp/disk" "$tmp/copy"
  expect_error '^stripecopy: warning: --trace=/dev/full: No space left'
  expect_identical "$tmp/disk" "$tmp/copy"
fi
