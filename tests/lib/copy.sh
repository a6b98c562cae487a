# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs stripecopy, and checks how it ended and what it printed.  Sourced by
# test.sh.
# shellcheck shell=bash disable=SC2154

# Checks that the last copy left no processes and no folders.
expect_no_leftovers ()
{
  local left
  have_no_leftovers ||
    fail "still running: $(ps -o pid=,args= -p "${leftovers[*]}")"
  left=("$tmp/private/"*)
  [ ! -e "${left[0]}" ] && [ ! -L "${left[0]}" ] ||
    fail "left in TMPDIR: ${left[*]}"
}

# Checks that the copy neither crashed nor failed in a sanitizer, whatever
# status was expected.
expect_no_crash ()
{
  case $code in
    124|137) fail "the copy hung for $limit seconds" ;;
    13[0-6]|138|139) fail "the copy was killed by signal $((code - 128))" ;;
  esac
  expect_no_reports
}

# Checks that no sanitizer of this build has reported anything.
expect_no_reports ()
{
  [ "${SANITIZERS:-}" = none ] ||
    ! grep -qE '(Address|Leak|Thread)Sanitizer|runtime error:' "$errors" ||
    fail "a sanitizer reports an error"
}

# Checks that the last copy printed this digest, and nothing else.
expect_digest ()
{
  [ -n "$1" ] || fail "expect_digest needs a digest"
  [ "$(cat "$output")" = "$1" ] ||
    fail "standard output is not $1: $(cat "$output")"
}

# Runs stripecopy, with the caller's standard input and output, and sets code
# and $errors.
run_stream ()
{
  code=0
  STRIPECOPY_TEST_COPY=$tmp TMPDIR=$tmp/private timeout -k 5 "$limit" \
    "${wrapper[@]}" "$stripecopy" "$@" 2> "$errors" || code=$?
  expect_no_crash
  expect_no_leftovers
}

# Does the same with an empty standard input; the output is in $output.
run_copy ()
{
  run_stream "$@" < /dev/null > "$output"
}

# Runs a copy that must succeed, with the caller's standard input and output.
stream_ok ()
{
  run_stream "$@"
  [ $code -eq 0 ] || fail "exit status $code from: stripecopy $*"
}

# Does the same with the standard input and output of run_copy.
copy_ok () { stream_ok "$@" < /dev/null > "$output"; }

# Makes a plan that must succeed, with a second for the extents of a huge disk.
# A slow machine gets longer: the same time limits connecting.
plan_briefly ()
{
  local seconds
  for seconds in 1 10 100; do
    run_copy --plan --open-timeout=$seconds "$@"
    [ $code -ne 0 ] || return 0
  done
  fail "exit status $code from: stripecopy --plan $*"
}

# Runs a copy that must end with this exit status and print a matching line,
# with the caller's standard input and output.
stream_fails ()
{
  local want=$1 pattern=$2
  shift 2
  run_stream "$@"
  [ $code -eq "$want" ] || fail "exit status $code, not $want: stripecopy $*"
  expect_error "$pattern"
}

# Does the same with the standard input and output of run_copy.
copy_fails () { stream_fails "$@" < /dev/null > "$output"; }

# copy_right_or_fails FILE FILE ARGS...: runs a copy that may fail with a clear
# message; if it succeeds, the files must be equal.
copy_right_or_fails ()
{
  local from=$1 to=$2
  shift 2
  run_copy "$@"
  case $code in
    0) expect_identical "$from" "$to" ;;
    1) expect_error '^stripecopy: (source|destination) ' ;;
    *) fail "exit status $code from: stripecopy $*" ;;
  esac
}

# Checks that a line on standard error matches.
expect_error ()
{
  grep -qE -e "$1" "$errors" || fail "no line on standard error matches: $1"
}

# Checks that the message of a failed request names a range that contains this
# byte of the disk.
expect_error_at ()
{
  local at length

  read -r at length < <(sed -nE \
    's/^stripecopy: .* offset ([0-9]+) length ([0-9]+): .*/\1 \2/p' "$errors")
  [ "$at" -le "$1" ] && [ $((at + length)) -gt "$1" ] ||
    fail "the message names another range"
}

# Checks that no line on standard error matches.
expect_no_error ()
{
  local found=0
  grep -qE -e "$1" "$errors" || found=$?
  [ $found -eq 1 ] || fail "a line on standard error matches: $1"
}

# Checks JSON against its schema, and its content with Python expressions:
# expect_json report|events FILE EXPRESSION... (see json-check.py)
expect_json ()
{
  local answer=
  if [ -z "${json_check_PID:-}" ]; then
    coproc json_check {
      exec python3 "$srcdir/lib/json-check.py" 2> "$tmp/json-check"
    }
    servers+=("$json_check_PID")
  fi
  printf '%s\0' $# "$@" >&"${json_check[1]}"
  read -r answer <&"${json_check[0]}" || :
  [ "$answer" = ok ] || fail "$(tail -n 25 "$tmp/json-check")"
}

# Do the same for $tmp/report and $tmp/events.
expect_report () { expect_json report "$tmp/report" "$@"; }
expect_events () { expect_json events "$tmp/events" "$@"; }

# Starts a copy in the background, with the caller's standard input and output;
# its pid is in copy_pid.
start_stream ()
{
  : > "$errors"                     # removes the output of the copy before
  env --default-signal=INT STRIPECOPY_TEST_COPY="$tmp" \
      TMPDIR="$tmp/private" "${wrapper[@]}" "$stripecopy" "$@" \
      <&0 2> "$errors" &
  copy_pid=$!
}

# Does the same with an empty standard input; the output is in $output.
start_copy ()
{
  start_stream "$@" < /dev/null > "$output"
}

# Replaces the file of a rate by a rename, because a copy that reads it at any
# moment must not find it empty: set_rate RATE
set_rate ()
{
  echo "$1" > "$tmp/rate.new"
  mv "$tmp/rate.new" "$tmp/rate"
}

# Returns true if the copy in the background has no pending signal or has ended.
signal_is_taken ()
{
  copy_has_ended || grep -qE '^ShdPnd:[[:space:]]*0+$' "/proc/$copy_pid/status"
}

# expect_still_running SECONDS BEGIN: checks that the copy in the background has
# not ended, unless these seconds have passed since BEGIN, an EPOCHREALTIME.
expect_still_running ()
{
  local begin=${2/./} now
  copy_has_ended || return 0
  now=${EPOCHREALTIME/./}
  [ $((now - begin)) -ge $(($1 * 1000000)) ] || fail "the copy has ended"
}

# Returns true if the copy in the background has ended.
copy_has_ended () { ! kill -0 "$copy_pid" 2> /dev/null; }

# Waits for the copy in the background, and sets code.
wait_copy ()
{
  wait_until copy_has_ended
  code=0
  wait "$copy_pid" 2> "$tmp/wait" || code=$?
  copy_pid=
  case $code in
    132|134|135|136|139) fail "the copy was killed by signal $((code - 128))" ;;
  esac
  expect_no_reports
}

# Prints the number of bytes that a map marks as finished.
finished_bytes ()
{
  local n=0 size status
  [ -s "$1" ] || fail "there is no map in $1"
  while read -r _ size status; do
    [ "$status" != + ] || n=$((n + size))
  done < <(sed '/^#/d' "$1" | tail -n +2)
  echo $n
}

# Skips unless stripecopy was built with GnuTLS, for digests.
requires_digests ()
{
  copy_ok --help
  grep -qe --blkhash "$output" || skip "this build has no digests"
}

# Skips unless files are read and written by io_uring here.
requires_uring ()
{
  touch "$tmp/probe"
  copy_ok -v "$tmp/probe" null:
  grep -q 'by io_uring' "$errors" || skip "this machine has no io_uring"
}

# Refuses io_uring to each further copy.
without_uring ()
{
  "$refuse_uring" true || skip "system calls cannot be refused on this machine"
  wrapper=("$refuse_uring" "${wrapper[@]}")
}
