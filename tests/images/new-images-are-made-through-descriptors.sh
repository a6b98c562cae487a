#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A user who may write to the folder of a new image can replace its name by a
# link at any moment.  The target of that link is never created or written.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2

make_islands "$tmp/disk" 8
mkdir "$tmp/bin" "$tmp/there"
qemu-img create -q -f qcow2 "$tmp/precious" 8M
sum=$(md5sum < "$tmp/precious")

# A program that replaces the name before it does its work.
attack ()
{
  local real
  real=$(PATH=${PATH#"$tmp/bin:"} command -v "$1")
  cat > "$tmp/bin/$1" <<END
#!/bin/sh
case "\$*" in
  $2)
    [ ! -e "$tmp/there/image" ] || mv "$tmp/there/image" "$tmp/there/moved"
    ln -s "$tmp/precious" "$tmp/there/image"
    echo > "$tmp/attacked" ;;
esac
exec $real "\$@"
END
  chmod +x "$tmp/bin/$1"
}
PATH=$tmp/bin:$PATH

attack qemu-img '*create*'
copy_fails 1 'destination .*cannot create it.*exists' \
           --destination-format=qcow2 "$tmp/disk" "$tmp/there/image"
[ -e "$tmp/attacked" ] || fail "there was no attack"
[ "$(md5sum < "$tmp/precious")" = "$sum" ] ||
  fail "an image was made in another user's file"

rm "$tmp/bin/qemu-img" "$tmp/there/image" "$tmp/attacked"
attack qemu-nbd '*discard*'
run_copy --destination-format=qcow2 "$tmp/disk" "$tmp/there/image"
[ -e "$tmp/attacked" ] || fail "there was no attack"
[ "$(md5sum < "$tmp/precious")" = "$sum" ] ||
  fail "another user's file was written"
[ $code -ne 0 ] || expect_same_disk raw "$tmp/disk" qcow2 "$tmp/there/moved"
