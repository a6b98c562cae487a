#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy that is killed while its server starts leaves a folder in TMPDIR. The
# next copy removes it, but not the folder of a running copy, nor files of other
# programs.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

folders () { compgen -G "$tmp/private/stripecopy-??????"; }

mkfifo "$tmp/go"

# Starts a copy whose server does not start until the test writes to go.
start_slowly ()
{
  rm -f "$tmp/begun"
  start_copy [ sh -c 'touch "$0"; read -r x < "$1"; exec nbdkit memory 1M' \
               "$tmp/begun" "$tmp/go" ] null:
  wait_until test -e "$tmp/begun"
}

start_slowly
kill -KILL "$copy_pid"
wait_copy
wait_until have_no_leftovers
left=$(folders) || fail "nothing was left behind"

# Files of other programs with such names, and a folder that resembles ours but
# is not empty.
mkdir -m 700 "$tmp/private/stripecopy-abcdef" "$tmp/private/stripecopy-ABCDEF"
echo precious > "$tmp/private/stripecopy-abcdef/socket"
echo precious > "$tmp/private/stripecopy-ABCDEF/file"
touch "$tmp/private/stripecopy-ABCDEF/lock"
chmod 600 "$tmp/private/stripecopy-ABCDEF/lock"
ln -s "$tmp" "$tmp/private/stripecopy-123456"

start_slowly
[ ! -e "$left" ] || fail "the next copy did not remove $left"
here=$(folders | grep -v -e abcdef -e ABCDEF -e 123456) ||
  fail "the copy has no folder"

# A third copy leaves the folder of the second one.
pid=$copy_pid copy_pid=
STRIPECOPY_TEST_COPY=$tmp TMPDIR=$tmp/private "${wrapper[@]}" "$stripecopy" \
  [ nbdkit memory 1M ] null: < /dev/null 2> "$tmp/third" ||
  fail "the third copy: $(cat "$tmp/third")"
[ -S "$here/socket" ] || fail "the folder of a running copy is gone"
copy_pid=$pid
echo > "$tmp/go"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"

[ -s "$tmp/private/stripecopy-abcdef/socket" ] || fail "a file is gone"
[ -s "$tmp/private/stripecopy-ABCDEF/file" ] || fail "another file is gone"
[ -e "$tmp/private/stripecopy-ABCDEF/lock" ] || fail "a lock is gone"
[ -L "$tmp/private/stripecopy-123456" ] || fail "a link is gone"
rm -r "$tmp/private/stripecopy-abcdef" "$tmp/private/stripecopy-ABCDEF" \
      "$tmp/private/stripecopy-123456"
expect_no_leftovers
