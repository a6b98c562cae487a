#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copies of a manifest that would overwrite each other's files are refused
# together, with 2 and a line that names both uses, before one of them is begun.

. "$(dirname "$0")/../lib/test.sh"

stripecopy=$(realpath "$stripecopy")
mkdir "$tmp/work"
cd "$tmp/work"
make_data one 1M
make_data two 1M 7
make_data old 1M 9
ln old hard
ln -s made link

# copies LINE...: writes a manifest; each LINE has the keys and values of a
# copy.
copies ()
{
  local line comma=
  for line; do
    echo "$comma { $line }"
    comma=,
  done | { echo '['; cat; echo ']'; } > manifest
}

remember ()
{
  find . -type f ! -name manifest -exec md5sum {} + | sort > "$tmp/sums"
}

# refused PATTERN LINE...
refused ()
{
  local pattern=$1
  shift
  copies "$@"
  copy_fails 2 "^stripecopy: manifest: $pattern\$" --manifest=manifest \
             --jobs=2 "${options[@]}"
  [ "$(wc -l < "$errors")" -eq 1 ] || fail "more than one line about: $*"
  find . -type f ! -name manifest -exec md5sum {} + | sort |
    diff "$tmp/sums" - > "$tmp/diff" || fail "$(< "$tmp/diff") in: $*"
}
remember
options=()
two='"source": "two"'

# One destination under different names, which exists or not.
refused 'destination ./new of copy 2: .* file as destination new of copy 1' \
        '"source": "one", "destination": "new"' "$two, "'"destination": "./new"'
refused 'destination link of copy 2: .* as destination made of copy 1' \
        '"source": "one", "destination": "made"' "$two, "'"destination": "link"'
refused 'destination hard of copy 2: .* as destination old of copy 1' \
        '"source": "one", "destination": "old"' "$two, "'"destination": "hard"'
refused 'destination nbd://h/x of copy 2: .* as destination nbd://h/x of .* 1' \
        '"source": "one", "destination": "nbd://h/x"' \
        "$two, "'"destination": "nbd://h/x"'

server='[ "nbdkit", "file", "./old" ]'
refused 'destination \[ .* \] of copy 2: .* the same disk as .* of copy 1' \
        '"source": "one", "destination": '"$server" \
        "$two, "'"destination": '"$server"

# Only different shards of one source, of the same number of shards, may have
# the same destination.
part='"source": "one", "destination": "new", "shard": "1/2"'
refused 'destination new of copy 2: .* as destination new of copy 1' "$part" \
        '"source": "one", "destination": "new"'
refused 'destination new of copy 2: .* as destination new of copy 1' "$part" \
        "$two, "'"destination": "new", "shard": "2/2"'
refused 'destination new of copy 2: .* as destination new of copy 1' "$part" \
        '"source": "one", "destination": "new", "shard": "1/2"'
refused 'destination new of copy 2: .* as destination new of copy 1' "$part" \
        '"source": "one", "destination": "new", "shard": "2/3"'

# A file that one copy writes is read by another copy, or written for another
# use.
refused 'destination ./two of copy 1: .* file as source two of copy 2' \
        '"source": "one", "destination": "./two"' "$two, "'"destination": "b"'
refused 'destination ./one of copy 2: .* file as source one of copy 1' \
        '"source": "one", "destination": "b"' "$two, "'"destination": "./one"'
refused 'destination one of copy 2: .* as a word of a command, .* copy 1' \
        '"source": [ "nbdkit", "file", "./one" ], "destination": "b"' \
        "$two, "'"destination": "one"'
for key in blkhash-file trace status-file map; do
  refused "--$key=./x of copy 2: .* file as --$key=x of copy 1" \
          '"source": "one", "destination": "a", "'$key'": "x"' \
          "$two, "'"destination": "b", "'$key'": "./x"'
  refused "--$key=./b of copy 1: .* file as destination b of copy 2" \
          '"source": "one", "destination": "a", "'$key'": "./b"' \
          "$two, "'"destination": "b"'
  refused "--$key=manifest of copy 1: .* file as --manifest=manifest" \
          '"source": "one", "destination": "a", "'$key'": "manifest"'
done
refused 'destination manifest of copy 1: .* as --manifest=manifest' \
        '"source": "one", "destination": "manifest"'

# Output of the whole batch conflicts with a copy.  A report to another file is
# still written.
for option in --report --events; do
  options=("$option=./b")
  refused "destination b of copy 2: .* file as $option=./b|$option=./b: .*" \
          '"source": "one", "destination": "a"' "$two, "'"destination": "b"'
  options=("$option=manifest")
  refused "$option=manifest: is the same file as --manifest=manifest" \
          '"source": "one", "destination": "a"'
done
options=(--report="$tmp/report")
refused 'destination new of copy 2: .*' \
        '"source": "one", "destination": "new"' "$two, "'"destination": "new"'
grep -q '"exit": *2' "$tmp/report" ||
  fail "the exit status in the report is not 2"
options=()

if (requires_formats qcow2) > "$tmp/probe.log"; then
  qemu-img create -q -f qcow2 -b one -F raw overlay
  remember
  refused 'destination one of copy 2: .* a file of the source image, one .* 1' \
          '"source": "overlay", "source-format": "qcow2", "destination": "a"' \
          "$two, "'"destination": "one"'
fi

# These do not conflict.
memory='[ "nbdkit", "memory", "1M" ]'
copies "$part" '"source": "./one", "destination": "./new", "shard": "2/2"' \
       "$two, "'"destination": "a"' "$two, "'"destination": "null:"' \
       "$two, "'"destination": "null:"' '"source": "old", "destination": "b"' \
       "$two, "'"destination": '"$memory" "$two, "'"destination": '"$memory"
copy_ok --manifest=manifest --jobs=3
expect_identical one new
expect_identical two a
expect_identical old b
