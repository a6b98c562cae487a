#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Impossible requests about formats are refused with the reason before anything
# is made or changed.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2 vdi

make_data "$tmp/disk" 3M
qemu-img create -q -f qcow2 "$tmp/small" 1M
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/image"
ln "$tmp/image" "$tmp/hard"
ln -s image "$tmp/soft"
ln -s nowhere "$tmp/dangling"
mkfifo "$tmp/fifo"
md5sum "$tmp/disk" "$tmp/small" "$tmp/image" > "$tmp/sums"

# Each call has the status, the pattern of the error, and the arguments.
refused ()
{
  copy_fails "$@"
  [ ! -e "$tmp/new" ] || fail "a file was made: $*"
  md5sum -c --quiet "$tmp/sums" || fail "a file was changed: $*"
}
to=--destination-format=qcow2 from=--source-format=qcow2
refused 2 'one of raw.* auto$' --destination-format=auto "$tmp/disk" "$tmp/new"
refused 2 'destination .*is too small' $to "$tmp/disk" "$tmp/small"
refused 2 'destination .*cannot flush|only be a source' $to "$tmp/disk" \
        http://localhost/new
refused 2 'source .*--source-format is required' https://localhost/disk "$tmp/new"
refused 2 'destination .*files and devices' $to "$tmp/disk" null:
refused 2 'destination .*files and devices' $to "$tmp/disk" nbd://localhost
refused 2 'destination .*files and devices' $to "$tmp/disk" -
refused 2 'source .*files and devices, and' $from nbd://localhost "$tmp/new"
refused 2 'source .*files and devices, and' $from [ true ] "$tmp/new"
refused 2 'destination .*neither a file' $to "$tmp/disk" "$tmp"
refused 2 'source .*neither a file' $from "$tmp/fifo" "$tmp/new"
refused 2 'destination .*size of a stream is unknown' $to - "$tmp/new"
refused 2 'destination .*size of a stream is unknown' $to "$tmp/fifo" "$tmp/new"
refused 1 'destination .*dangling symbolic link' $to "$tmp/disk" "$tmp/dangling"
refused 1 'destination .*No such file' $to "$tmp/disk" "$tmp/none/new"
refused 1 'source .*No such file' $from "$tmp/none" "$tmp/new"
refused 0 'destination-is-zero=yes' --plan $to "$tmp/disk" "$tmp/new"

# One file under two names, before any server could be started.
for name in hard soft; do
  refused 2 'destination .*same file' $from $to "$tmp/image" "$tmp/$name"
  refused 2 'destination .*same file' $from "$tmp/image" "$tmp/$name"
  refused 2 'destination .*same file' $to "$tmp/$name" "$tmp/image"
  expect_no_error qemu-nbd
done

# An image in another format than the named one, and a file that is not an
# image.
refused 1 'source .*exited with status 1' --source-format=vdi "$tmp/image" \
        --destination-format=vdi "$tmp/new"
refused 1 'destination .*exited with status 1' --destination-format=vdi \
        "$tmp/disk" "$tmp/image"
refused 1 'source .*exited with status 1' $from $to "$tmp/disk" "$tmp/new"

# A disk whose size the format does not allow.
head -c 1000001 "$tmp/disk" > "$tmp/odd"
refused 2 'destination .*minimum block' --destination-format=vhdx "$tmp/odd" \
        "$tmp/new"

# An image that qemu-img cannot make: no file is left.
truncate -s 7E "$tmp/huge"
refused 1 'destination .*qemu-img exited with status 1' $to "$tmp/huge" \
        "$tmp/new"
