#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy that fails at any time prints no digest and leaves no file for it.  A
# file that cannot be written is found before the first byte is copied.

. "$(dirname "$0")/../lib/test.sh"
requires_digests
requires_plugin file

# no_digest STATUS PATTERN ARGS...
no_digest ()
{
  copy_fails "$@" --blkhash
  [ ! -s "$output" ] || fail "a digest is printed"
  copy_fails "$@" --blkhash --blkhash-file="$tmp/new"
  [ ! -e "$tmp/new" ] || fail "a file without a digest is left"
  echo old > "$tmp/old"
  copy_fails "$@" --blkhash --blkhash-file="$tmp/old"
  [ ! -s "$tmp/old" ] || fail "the digest of another copy is left"
}

make_disks 16
serve_nbdkit src -r file "$tmp/disk"
serve_faulty dst --mode=flush-error "$tmp/copy"
no_digest 1 'flush failed' --retries=0 "$src" "$dst"
expect_fired dst
stop_server dst
serve_faulty dst --mode=read-error --after=3 "$tmp/disk"
no_digest 1 'read failed' --retries=0 "$dst" null:
expect_fired dst

# Nothing is touched if the file cannot be made, or is one of the disks.
make_ones "$tmp/copy" 16M
cp "$tmp/copy" "$tmp/before"
cp "$tmp/disk" "$tmp/disk-before"
mkfifo "$tmp/fifo"
ln -s disk "$tmp/link"
while read -r file why; do
  copy_fails 2 "^stripecopy: --blkhash-file=.*$why" \
             --blkhash --blkhash-file="$tmp/$file" "$tmp/disk" "$tmp/copy"
done <<'END'
none/digest No such file or directory$
private Is a directory$
fifo No such device or address$
disk is the same file as source
link is the same file as source
copy is the same file as destination
END
expect_identical "$tmp/disk-before" "$tmp/disk"
expect_identical "$tmp/before" "$tmp/copy"
copy_fails 2 'is the same file as destination' \
           --blkhash --blkhash-file="$tmp/made" "$tmp/disk" "$tmp/made"
[ ! -e "$tmp/made" ] || fail "a file is left"

# A digest that cannot be written fails the copy.
if [ -w /dev/full ]; then
  copy_fails 1 'No space left' --blkhash --blkhash-file=/dev/full \
             "$tmp/disk" null:
fi
