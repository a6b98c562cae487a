#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The name of an image is only a file name, whatever it contains: it is not an
# option, a protocol, or the description of another disk.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2

make_islands "$tmp/disk" 8
n=0
stripecopy=$(realpath "$stripecopy")
mkdir "$tmp/here"
cd "$tmp/here"

for name in 'a:b,c "d".qcow2' 'nbd:foo' 'json:{"driver":"null-co"}' \
            ' x,file.read-only=on,,'$'\n''%s%20' -x.qcow2; do
  n=$((n + 1))                  # a new disk each time, without old content
  put_data ../disk $((n << 20)) 1000
  rm -f ../copy
  copy_ok --destination-format=qcow2 -- ../disk "$name"
  [ -f "./$name" ] || fail "there is no file named $name"
  expect_same_disk raw ../disk qcow2 "$PWD/$name"
  copy_ok --source-format=qcow2 -- "$name" ../copy
  expect_identical ../disk ../copy
done
[ "$(find . -type f -printf . | wc -c)" -eq 5 ] || fail "other files were made"
