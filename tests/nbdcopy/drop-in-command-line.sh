#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A command line that nbdcopy accepts is accepted and does the same, and one
# that nbdcopy refuses is refused.  If nbdcopy is installed, each command line
# is compared with it.

. "$(dirname "$0")/../lib/test.sh"

nbdcopy=$(type -P nbdcopy) || nbdcopy=
stripecopy=$(realpath "$stripecopy")
make_data "$tmp/A" 70001 && truncate -s 200000 "$tmp/A"
cd "$tmp"

# The content of B before each copy.
fresh_copy () { echo old > B; }
untouched ()
{
  [ "$(< B)" = old ] || fail "B was changed: $*"
}

# Runs nbdcopy, if it is installed, on a fresh B and sets code; otherwise sets
# code to $1.
ask_nbdcopy ()
{
  local otherwise=$1
  shift
  fresh_copy
  code=$otherwise
  [ -n "$nbdcopy" ] || return 0
  code=0
  "$nbdcopy" "$@" < /dev/null > "$output" 2> "$errors" 3> fd3 || code=$?
}

# Both copy A to B.
same ()
{
  ask_nbdcopy 0 "$@"
  [ "$code" -eq 0 ] || fail "nbdcopy itself refuses: $*"
  fresh_copy
  copy_ok "$@" 3> fd3
  expect_identical A B
  [ ! -s "$output" ] || fail "standard output is not empty: $*"
}

# Both refuse, and stripecopy has not changed B.
refused ()
{
  ask_nbdcopy 1 "$@"
  [ "$code" -ne 0 ] || fail "nbdcopy itself accepts: $*"
  fresh_copy
  copy_fails 2 '^stripecopy: ' "$@"
  untouched "$@"
  [ ! -s "$output" ] || fail "standard output is not empty: $*"
}

# Every option of nbdcopy 1.14 in each of its forms.
same -C 2 -R 3 -T 1 -S 0 -p -v A B
same -C2 -R3 -T1 -S4096 -pv A B
same --connections=1 --requests=1 --threads=1 --sparse=512 --progress=3 A B
same --connections 16 --requests 64 --threads 0 --sparse 0 --verbose A B
same --allocated --flush --no-extents --synchronous A B
same --destination-is-zero --queue-size=0 --request-size=4096 A B
same --target-is-zero --queue-size 1 --request-size 33554432 A B
same --queue-size=4294967295 --connections=4294967295 A B

# Abbreviated.
same --a --c 2 --d --f --n --p=3 A B
same --q 65536 --request-s 65536 --requests 9 --sp 0 --sy --th 1 --verb A B
same --ta --progr --thr=2 A B

# Options before, between and after the operands, and -- in each place.
same A B --flush
same A --flush B -C 2
same --flush -- A B
same A -- B
same A B --
(
  export POSIXLY_CORRECT=1
  same --flush A B
  refused A B --flush
  refused A --flush B
)

# Files whose names look like something else.
cp A ./-A
mkdir null: 'a b'
same -- -A B
same ./-A ./null:/../B
rm -r null: && cp A null:
same null: B
same 'a b/../A' B

refused
refused A
refused A B C
refused -- A B --flush
refused -Z A B
refused --no-such-option A B
refused --re 4096 A B
refused --ver A B
refused --flush=1 A B
refused A B -C
refused -C 0 A B
refused -R 0x10 A B
refused --threads= A B
refused --progress=x A B
refused --request-size=2048 A B
refused --request-size=5000 A B
refused -S 1000 A B
refused [ ] B

# Accepted by nbdcopy 1.24, not by 1.14.
for size in 65536b 64k 64K 128s; do
  fresh_copy
  copy_ok --request-size=$size --queue-size=1M -S 64k A B
  expect_identical A B
done

# Different on purpose: docs/DROP-IN.md says why.
differs () { copy_fails 2 "$1" "${@:2}"; untouched "$@"; }
fresh_copy
for number in -1 4abc ' 4' +4; do
  differs "not a number: *${number/+/[+]}\$" -C "$number" A B
done
differs 'progress=77: Bad file' --progress=77 A B
differs 'same (disk|file)' B ./B
differs 'unmatched "\["' [ A B
