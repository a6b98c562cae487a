#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A range without an answer about changes counts as changed, with one warning; a
# range without an answer about zeroes is data.  Answers can be short, long,
# doubled or in any order, and those of both contexts can end at different
# places: the rest is asked for again.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file

make_changes 1

# Copies with a fault in the answers: copy_with WHERE MODE ARGS...
copy_with ()
{
  local where=$1 mode=$2
  shift 2
  cp "$tmp/old" "$tmp/copy"
  [ -z "${src:-}" ] || stop_server src
  serve_changes src --mode="$mode" --in="$where" "$@" "$tmp/disk"
  copy_ok "$changed" -T 2 -C 2 "$src" "$tmp/copy"
  # These two are about a last range that ends before the disk's end, or at it.
  [[ $mode = @(honest|status-long|status-past-end) ]] || expect_fired src
}

expect_warnings ()
{
  local n
  n=$(grep -c 'warning: .*block status' "$errors") || :
  [ "$n" -eq "$1" ] || fail "$mode in $where: $n warnings, not $1"
}

# expect_want WARNINGS: exactly the changed blocks were copied.  Later releases of
# libnbd refuse a whole reply that breaks a rule of the protocol, such as a
# length of 0: then the range counts as changed.
expect_want ()
{
  if [[ $mode != status-@(short|flags|reversed|long) ]] &&
     grep -q 'the reply does not match the request' "$errors"; then
    expect_bytes_of want disk
    expect_warnings 1
    return
  fi
  cmp "$tmp/want" "$tmp/copy" || fail "$mode in $where: the copy differs"
  [ -z "${1:-}" ] || expect_warnings "$1"
}

copy_with both honest
expect_identical "$tmp/want" "$tmp/copy"

# Everything necessary is answered, so exactly the changed blocks are copied.
for where in base changes; do
  for mode in status-twice status-contradicts status-reversed status-zero-first \
              status-zero-middle status-long status-past-end status-one-more \
              status-short status-flags status-uninvited; do
    copy_with $where $mode
    expect_want 0
  done
done
for mode in status-twice status-short; do
  where=both
  copy_with $where $mode
  expect_want
done
where=base
for mode in status-none status-zero-only status-wrong-id status-odd \
            status-flood; do
  copy_with $where $mode --times=2
  expect_want
done

# The answer lacks the changes: everything counts as changed.
for mode in status-none status-zero-only status-wrong-id status-error \
            status-then-error; do
  copy_with changes $mode
  cmp "$tmp/disk" "$tmp/copy" || fail "$mode: not all was copied"
  expect_warnings 1
done
copy_with both status-none
expect_identical "$tmp/disk" "$tmp/copy"

# More counts as changed than is.
for mode in status-odd status-flood; do
  copy_with changes $mode --times=2
  expect_bytes_of want disk
done

# No answer for a while, and none about one place.
copy_with changes status-error --after=1 --times=3
expect_bytes_of want disk
copy_with changes status-error --offset=2100000
expect_bytes_of want disk
expect_warnings 1
[ "$(cmp -l "$tmp/want" "$tmp/copy" | wc -l)" -le 262144 ] ||
  fail "much counts as changed for an error at one place"
