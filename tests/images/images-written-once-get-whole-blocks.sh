#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If each block of an image can be written only once, it is written whole, and
# --map is refused because the copy could not resume.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2 vmdk

# Data that begins and ends within the blocks of such an image.
truncate -s 8M "$tmp/disk"
for ((at = 0; at < 8388608; at += 65536)); do
  put_data "$tmp/disk" $at 12288
done
put_data "$tmp/disk" 1000000 300001

declare -A once=(
  [vmdk]="-f vmdk $tmp/vmdk"
  [options]="--image-opts driver=vmdk,file.filename=$tmp/vmdk"
  [filter]="--image-opts
            driver=compress,file.driver=qcow2,file.file.filename=$tmp/qcow2")
for kind in "${!once[@]}"; do
  read -r -d '' -a words <<< "${once[$kind]}" || :
  rm -f "$tmp/vmdk" "$tmp/qcow2"
  qemu-img create -q -f vmdk -o subformat=streamOptimized "$tmp/vmdk" 8M
  qemu-img create -q -f qcow2 "$tmp/qcow2" 8M
  md5sum "$tmp/vmdk" "$tmp/qcow2" > "$tmp/sums"
  copy_fails 2 'destination .*only once' --map="$tmp/map" "$tmp/disk" \
             [ qemu-nbd -e 4 "${words[@]}" ]
  [ ! -e "$tmp/map" ] || fail "a map was made"
  md5sum -c --quiet "$tmp/sums" || fail "a file was changed"
  copy_ok "$tmp/disk" [ qemu-nbd -e 4 "${words[@]}" ]
  if [ "$kind" = filter ]; then
    expect_same_disk raw "$tmp/disk" qcow2 "$tmp/qcow2"
  else
    expect_same_disk raw "$tmp/disk" vmdk "$tmp/vmdk"
  fi
done

# The same file is not restricted as a raw disk or as a source.
copy_ok --map="$tmp/map" [ qemu-nbd -r -e 4 -f vmdk "$tmp/vmdk" ] "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
rm "$tmp/map"
truncate -s 8M "$tmp/vmdk"
copy_ok --map="$tmp/map" "$tmp/disk" [ qemu-nbd -e 4 -f raw "$tmp/vmdk" ]
expect_identical "$tmp/disk" "$tmp/vmdk"
