#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Updates survive failed requests, lost connections and a destination that
# crashes and loses unflushed data, also data that another program wrote before.
# The destination becomes equal to the source.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires qemu-io

make_data "$tmp/disk" 24M
cp "$tmp/disk" "$tmp/old"
for mib in {1..23..2}; do
  put_data "$tmp/old" $(((mib << 20) + 12345)) 60000
done
dd if=/dev/zero of="$tmp/disk" bs=1M seek=9 count=2 conv=notrunc status=none

ways=("-T 1" "-T 2 -C 2" "--synchronous")
copy_ok --help
! grep -q blkhash "$output" || ways+=("-T 2 -C 2 --blkhash")

for fault in source:read-error source:read-cut source:drop \
             destination:read-error destination:read-half destination:drop \
             destination:write-error destination:write-drop destination:crash \
             destination:flush-crash; do
  for way in "${ways[@]}"; do
    read -r -a words <<< "$way"
    times=2
    [ $fault != destination:flush-crash ] || times=1
    after=4
    [ $fault != destination:flush-crash ] || after=0
    cp "$tmp/old" "$tmp/copy"
    serve_pair ${fault%:*} --mode=${fault#*:} --after=$after --times=$times
    copy_ok --update "${words[@]}" --retries=8 --retry-wait=0 "$src" "$dst"
    expect_fired $faulty
    expect_identical "$tmp/disk" "$tmp/copy"
  done
done

# The server has the right data in its cache only, and loses it in the middle.
cp "$tmp/old" "$tmp/copy"
serve_pair destination --mode=crash --after=10 --times=1
copy_ok --no-flush -C 1 --request-size=1M "$src" "$dst" --extents=<(
  echo '[{"byte_offset":0,"size_bytes":6291456}]')
expect_no_error .
! cmp -s -n 6291456 "$tmp/disk" "$tmp/copy" || fail "nothing is cached"
[ ! -s "$tmp/dst.fired" ] || fail "the server has crashed too early"
copy_ok --update -T 1 --request-size=1M --retry-wait=0 "$src" "$dst"
expect_fired dst
expect_identical "$tmp/disk" "$tmp/copy"
