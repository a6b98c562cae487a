#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whatever stands in the name of an export reaches the server, byte by byte, on
# each connection.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

# What may stand for itself in a URI, and the rest percent-encoded.
encode ()
{
  local i c text=
  for ((i = 0; i < ${#1}; i++)); do
    c=${1:i:1}
    case $c in
      [A-Za-z0-9._~/:@\&=\;+,\!\'\(\)-]) text+=$c ;;
      *) printf -v c %%%02X "'$c"
         text+=%${c: -2} ;;     # a byte is one of -128 to 127 to printf
    esac
  done
  echo "$text"
}

# Each open is a file of its own: connections come at the same time.  No read is
# answered before the second one has come.
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
