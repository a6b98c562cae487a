#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Round after round with bitmaps of QEMU, of large and small granularity, and
# writes at odd places: the copy is the disk, from a server and from the image.
# Further bitmaps and unknown flags do not disturb.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file
requires qemu-img qemu-io qemu-nbd

# now IMAGE: its content, in $tmp/now.
now () { qemu-img convert -f qcow2 -O raw "$1" "$tmp/now"; }

round=1
for granularity in 65536 512 2097152; do
  image=$tmp/$granularity.qcow2
  make_image_with_bitmap "$image" 6M $granularity
  cp "$image.before" "$tmp/copy"
  serve_nbdkit dst file "$tmp/copy"
  for writes in 'write -P 1 0 512|write -P 1 65024 1024|write -P 2 6290944 512' \
                'write -z 65024 1024|write -P 3 3000320 100352|discard 5M 1M' \
                'write -P 4 2097151 2' ''; do
    b=b$round round=$((round + 1))
    # A bitmap of this round, beside the one of all rounds.
    qemu-img bitmap --add -g $granularity "$image" "$b"
    IFS='|' read -r -a commands <<< "$writes"
    write_image "$image" "${commands[@]}" 'read 0 512'
    now "$image"
    if [ $((round % 2)) -eq 0 ]; then
      copy_ok --changed=qemu:dirty-bitmap:$b --source-format=qcow2 -T 2 \
              "$image" "$dst"
    else
      serve_qemu_nbd src -t -r -e 4 -f qcow2 -B b0 -B "$b" -A "$image"
      copy_ok --changed=qemu:dirty-bitmap:$b "$src" "$dst"
      stop_server src
    fi
    expect_identical "$tmp/now" "$tmp/copy"
  done
  stop_server dst
done
