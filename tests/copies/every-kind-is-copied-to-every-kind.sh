#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A sparse disk is the same after a copy from any kind of source to any kind of
# destination, as other programs read it, and as sparse as before if the
# destination supports that.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires qemu-img

make_islands "$tmp/disk" 16
make_ones "$tmp/ones" 16M
cp "$tmp/ones" "$tmp/copy"
sum=$(sha256sum < "$tmp/disk")
blocks=$(stat -c %b "$tmp/disk")

# To add a kind, add it to these lists, to add_source or add_destination, and to
# expect_copy_on.
sources="stream file uri command" destinations="stream file uri command null"
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
if can_make_device "$tmp/disk"; then
  make_device source_device "$tmp/disk"
  make_device device "$tmp/copy"
  sources+=" device" destinations+=" device"
fi
mkfifo "$tmp/pipe"

add_source ()
{
  case $1 in
    file) words+=("$tmp/disk") ;;
    uri) words+=("$src") ;;
    command) words+=('[' nbdkit -r file "$tmp/disk" ']') ;;
    device) words+=("$source_device") ;;
    stream) words+=("$tmp/pipe")
            cat "$tmp/disk" > "$tmp/pipe" &
            servers+=($!) ;;
  esac
}

add_destination ()
{
  case $1 in
    file) words+=("$tmp/copy") ;;
    uri) words+=("$dst") ;;
    command) words+=('[' nbdkit file "$tmp/copy" ']') ;;
    device) words+=("$device") ;;
    null) words+=(null:) ;;
    stream) words+=(-) ;;
  esac
}

# Checks the content of each destination with another program.
expect_copy_on ()
{
  case $1 in
    file) expect_identical "$tmp/disk" "$tmp/copy" ;;
    uri) expect_same_content "$tmp/disk" "$dst" ;;
    command) [ "$(sha256sum < "$tmp/copy")" = "$sum" ] || fail "they differ" ;;
    device) expect_identical "$tmp/disk" "$device" ;;
    null) return 0 ;;
    stream) expect_identical "$tmp/disk" "$output"; return 0 ;;
  esac
  [ "$(stat -c %b "$tmp/copy")" -le $((blocks + 256)) ] ||
    fail "the copy takes $(stat -c %b "$tmp/copy") blocks, the disk $blocks"
}

for from in $sources; do
  for to in $destinations; do
    words=()
    add_source "$from"
    add_destination "$to"
    dd if="$tmp/ones" of="$tmp/copy" bs=1M conv=notrunc status=none
    echo "$from to $to"
    copy_ok "${words[@]}"
    expect_copy_on "$to"
  done
done
[ "${sources##* }" = device ] ||
  skip "loop devices cannot be made on this machine"
