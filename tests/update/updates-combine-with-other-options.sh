#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An update gives the same result with options about workers, zeroes, the rate and
# the digest, and in little memory.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 32
cp "$tmp/disk" "$tmp/old"
for mib in 0 1 9 12 20 31; do
  put_data "$tmp/old" $(((mib << 20) + 12345)) 40000
done
put_data "$tmp/disk" $((14 << 20)) 300000

digest=()
copy_ok --help
! grep -q blkhash "$output" || digest=("--blkhash" "--blkhash=md5/4k -T 3 -C 3")

for way in "-C 1" "-T 1 -R 1" "-T 4 -C 4" --synchronous --allocated "-S 0" \
           "-S 512" "-S 64K" "-S 1M" --no-extents --no-flush --verify \
           "--request-size=4096 -R 8" "--request-size=32M" "--queue-size=1M" \
           --bwlimit=100M "--trace=$tmp/trace" "${digest[@]}"; do
  read -r -a words <<< "$way"
  cp "$tmp/old" "$tmp/copy"
  copy_ok --update "${words[@]}" "$tmp/disk" "$tmp/copy"
  expect_identical "$tmp/disk" "$tmp/copy"
  if [[ $way == --blkhash* ]]; then
    cp "$output" "$tmp/digest"
    copy_ok "${words[@]}" "$tmp/disk" null:
    expect_digest "$(cat "$tmp/digest")"
  fi
  cp "$tmp/old" "$tmp/copy"
  serve_nbdkit src -r file "$tmp/disk"
  serve_nbdkit dst file "$tmp/copy"
  copy_ok --update "${words[@]}" "$src" "$dst"
  stop_server src
  stop_server dst
  expect_identical "$tmp/disk" "$tmp/copy"
done

# A device is updated, too.
cp "$tmp/old" "$tmp/copy"
if can_make_device "$tmp/copy"; then
  make_device device "$tmp/copy"
  copy_ok --update --report="$tmp/report" "$tmp/disk" "$device"
  expect_report 'r["changed"] and r["bytes"]["same"] > 30 << 20'
  copy_ok --update --report="$tmp/report" "$tmp/disk" "$device"
  expect_report 'r["status"] == "unchanged"'
  losetup -d "$device"
  devices=()
  expect_identical "$tmp/disk" "$tmp/copy"
fi
