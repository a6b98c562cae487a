#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A child inherits that SIGCHLD is ignored or blocked.  Servers, the programs
# that make images, and the copies of a manifest still end properly.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_formats qcow2

make_disks 8
echo "[{ \"source\": \"$tmp/disk\", \"destination\": \"$tmp/third\" }]" \
     > "$tmp/manifest"
plain_wrapper=("${wrapper[@]}")

for how in ignore block; do
  wrapper=(env --$how-signal=CHLD "${plain_wrapper[@]}")
  copy_ok [ nbdkit -r file "$tmp/disk" ] [ nbdkit file "$tmp/copy" ]
  expect_identical "$tmp/disk" "$tmp/copy"
  expect_no_error 'warning'

  copy_ok --destination-format=qcow2 "$tmp/disk" "$tmp/image.qcow2"
  expect_same_disk raw "$tmp/disk" qcow2 "$tmp/image.qcow2"

  copy_ok --source-format=qcow2 "$tmp/image.qcow2" "$tmp/second"
  expect_identical "$tmp/disk" "$tmp/second"

  copy_ok --manifest="$tmp/manifest"
  expect_identical "$tmp/disk" "$tmp/third"

  # The exit status of a server that failed is known, too.
  copy_fails 1 ': the server exited with status' "$tmp/disk" [ nbdkit nothere ]
  rm "$tmp/image.qcow2" "$tmp/second" "$tmp/third"
  make_ones "$tmp/copy" 8M
done
