#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Any bytes in the name of an export reach the server unchanged, on each
# connection.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

# Prints unreserved characters as they are, and all others percent-encoded.
encode ()
{
  local i c text=
  for ((i = 0; i < ${#1}; i++)); do
    c=${1:i:1}
    case $c in
      [A-Za-z0-9._~/:@\&=\;+,\!\'\(\)-]) text+=$c ;;
      *) printf -v c %%%02X "'$c"
         text+=%${c: -2} ;;     # printf takes a byte as -128 to 127
    esac
  done
  echo "$text"
}

# Each open writes a file of its own, as connections come at the same time.  No
# read is answered before the second connection has come.
mkdir "$tmp/seen"
# shellcheck disable=SC2016
serve_nbdkit src eval get_size='echo 4M' can_multi_conn='exit 0' \
             thread_model='echo parallel' \
             open='printf %s "$3" > "$(mktemp '"$tmp"'/seen/XXXXXX)"' \
             pread=": < '$tmp/gate'; "'head -c "$3" /dev/zero'

two_have_come () { [ "$(find "$tmp/seen" -type f | wc -l)" -ge 2 ]; }

long=$(printf '%04096d' 7)
for name in '' ' a  b/' '/a/b//../' '100% %20' '"x"'\''y' 'äöü €' \
            'a?b#c&d=e;f:@[]{|}' "$long"; do
  rm -f "$tmp"/seen/* "$tmp/gate"
  make_gate "$tmp/gate"
  start_copy -C 2 -T 2 --request-size=1M \
          "nbd+unix:///$(encode "$name")?${src#*\?}" null:
  printf %s "$name" > "$tmp/name"
  wait_until two_have_come
  open_gate "$tmp/gate"
  wait_copy
  [ $code -eq 0 ] || fail "exit status $code"
  expect_no_leftovers
  for seen in "$tmp"/seen/*; do
    cmp "$tmp/name" "$seen" || fail "another name arrived for: $name"
  done
done
