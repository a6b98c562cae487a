#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A worker that gets no memory is done without, and the first one then has fewer
# buffers.

. "${srcdir:-.}/functions.sh"
requires_bare_binary "memory is limited"
requires_plugin file

make_disks 32

# Runs a copy within so many KiB of addresses.
copy_within ()
{
  wrapper=(bash -c 'ulimit -v "$0"; exec "$@"' "$1")
  run_copy "${@:2}"
}

serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"

# Each worker has a buffer of 64 MiB for its requests.
copy_within 330000 -T 8 -C 8 --requests=64 --request-size=1M "$src" "$dst"
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/copy"
expect_error 'warning: worker [0-9]: Cannot allocate memory: copying with fewer'

# What the program takes with hardly any buffer, and a third of what one worker
# would like to have.
kib=40000
until copy_within $kib -T 1 -R 1 --request-size=4k "$tmp/disk" null: &&
      [ $code -eq 0 ]; do
  kib=$((kib + 5000))
  [ $kib -lt 2000000 ] || fail "no memory is enough"
done
copy_within $((kib + 24000)) -T 1 "$tmp/disk" "$tmp/new"
[ $code -eq 0 ] || fail "exit status $code with few buffers"
expect_identical "$tmp/disk" "$tmp/new"
