#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A signal ends the copy, its servers and stripecopy-bench, which leaves no file,
# unless it is ignored.  SIGKILL leaves no processes either.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/measuring.sh"

# shellcheck disable=SC2016
make_program endless ': > "$2"; sleep 1000 & echo $! > '"$tmp/started"'; wait'
make_data "$tmp/disk" 64K
for signal in INT TERM; do
  rm -f "$tmp/started"
  env --default-signal=INT STRIPECOPY_TEST_COPY="$tmp" \
    "$bench" --stripecopy="$tmp/endless" --against=/bin/cp \
    --bytes=64K --json="$tmp/json" "$tmp/disk" "$tmp/copy" \
    < /dev/null > "$output" 2> "$errors" &
  copy_pid=$!
  wait_until test -s "$tmp/started"
  kill -$signal $copy_pid
  code=0
  wait $copy_pid || code=$?
  copy_pid=
  [ $code -eq $((128 + $(kill -l $signal))) ] || fail "exit status $code"
  expect_no_leftovers
  [ ! -e "$tmp/copy" ] || fail "the destination is left behind"
  [ ! -e "$tmp/json" ] || fail "half of the results are left behind"
done

# Commands of the copier, of --before, and under strace, whose death does not end
# a copy.
killed_at ()
{
  rm -f "$tmp/started"
  STRIPECOPY_TEST_COPY="$tmp" "$bench" --rounds=1 --bytes=64K "$@" \
    "$tmp/disk" "$tmp/copy" < /dev/null > "$output" 2> "$errors" &
  copy_pid=$!
  wait_until test -s "$tmp/started"
  kill -KILL $copy_pid
  wait $copy_pid || :
  copy_pid=
  wait_until have_no_leftovers
  rm -f "$tmp/copy"
}
killed_at --stripecopy="$tmp/endless" --against=/bin/cp
killed_at --against=/bin/cp --before="$tmp/endless - '$tmp/copy'; :"
if strace -f -c -o "$tmp/strace" true 2> "$errors"; then
  # shellcheck disable=SC2016
  make_program traced '[ "$STRIPECOPY_BENCH_ROUND" = 0 ] || exit 0
exec '"$tmp/endless"' "$@"'
  killed_at --stripecopy="$tmp/traced" --against=/bin/cp --calls
fi

# A signal that the parent ignores, as nohup does, ends nothing.
make_program stubborn '[ "$1" = --version ] && exit
kill -HUP $PPID; cp "$1" "$2"'
env --ignore-signal=HUP STRIPECOPY_TEST_COPY="$tmp" "$bench" --rounds=2 \
  --stripecopy="$tmp/stubborn" --against=/bin/cp --bytes=64K \
  "$tmp/disk" "$tmp/copy" < /dev/null > "$output" 2> "$errors" ||
  fail "exit status $? after a signal that is ignored"
grep -q '^| stubborn .*| 2 ' "$output" || fail "there are no results"
