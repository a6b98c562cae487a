#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# When QEMU is killed, its bitmap is lost: then the running copy fails, and a
# new one is refused.  An update makes both sides identical.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/qemu.sh"
requires_plugin file

make_islands "$tmp/disk" 32
make_ones "$tmp/copy" 32M
serve_nbdkit new file "$tmp/copy"

for persistent in false true; do
  cp "$tmp/disk" "$tmp/copy"
  qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/disk.qcow2"
  serve_qemu old qcow2 "$tmp/disk.qcow2"
  begin_round old 1
  end_round old 1
  guest old 'write -P 1 4M 6M' 'flush'
  begin_round old 2

  echo 4k > "$tmp/rate"           # this would take half an hour
  start_copy --bwlimit=@"$tmp/rate" --changed=qemu:dirty-bitmap:round-1 \
             --retry-wait=0.1 --retries=100 \
             --status-file="$tmp/status-$persistent" --interval=0.1 \
             "$old" "$new"
  wait_until grep -qs '"data":[1-9]' "$tmp/status-$persistent"
  stop_server old KILL
  serve_qemu old qcow2 "$tmp/disk.qcow2"
  export_command | qmp old
  echo 10G > "$tmp/rate"
  wait_copy
  [ "$code" -eq 1 ] || fail "exit status $code, not 1"
  expect_error 'does not offer the meta context'

  cp "$tmp/copy" "$tmp/before"
  copy_fails 2 'dirty-bitmap:round-1' --changed=qemu:dirty-bitmap:round-1 \
             "$old" "$new"
  expect_identical "$tmp/before" "$tmp/copy"

  guest old 'write -P 2 20M 64k'
  copy_ok --update --verify "$old" "$new"
  expect_same_content "$old" "$new"
  stop_server old
done
