#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a program that a format or an address needs is missing, the error names it
# and its package, before anything is started or made.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 64k
touch "$tmp/image"
mkdir "$tmp/bin"
PATH_BEFORE=$PATH

# Only these programs are installed, and none of them is ever run.
with_programs ()
{
  local p
  rm -f "$tmp"/bin/*
  for p; do
    printf '#!/bin/sh\necho ran > %s\n' "$tmp/ran" > "$tmp/bin/$p"
    chmod +x "$tmp/bin/$p"
  done
  for p in timeout env grep sed tail; do
    ln -s "$(PATH=$PATH_BEFORE command -v $p)" "$tmp/bin/$p"
  done
}
missing ()
{
  local what=$1
  shift
  PATH=$tmp/bin copy_fails 2 "^stripecopy: .*$what" "$@"
  [ ! -e "$tmp/new" ] || fail "a file was made"
  [ ! -e "$tmp/ran" ] || fail "a program was run"
}

with_programs
missing 'qemu-nbd .*qemu-utils' --source-format=qcow2 "$tmp/image" null:
missing 'nbdkit .*nbdkit-curl-plugin' --source-format=raw http://host/x null:
with_programs qemu-nbd
missing 'qemu-img .*qemu-utils' --destination-format=qcow2 "$tmp/disk" \
        "$tmp/new"
missing 'nbdkit .*nbdkit-curl-plugin' --source-format=qcow2 http://host/x null:
with_programs nbdkit qemu-nbd
missing 'qemu-img .*qemu-utils' --source-format=qcow2 http://host/x null:
with_programs nbdkit qemu-img
missing 'qemu-nbd .*qemu-utils' --source-format=qcow2 http://host/x null:
with_programs nbdkit
missing 'curl .*package curl' --source-format=raw http://host/x null:
with_programs qemu-img
missing 'qemu-nbd .*qemu-utils' --destination-format=vdi "$tmp/disk" "$tmp/new"
