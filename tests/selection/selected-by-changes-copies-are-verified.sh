#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --verify and --compare read only changed blocks; the rest may differ.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file
requires_schemas

make_changes 5 20
for n in 1 3; do
  cp "$tmp/old" "$tmp/copy"
  serve_changes src "$tmp/disk"
  serve_logged dst file "$tmp/copy"
  copy_ok --verify -T $n -C $n --report="$tmp/report" \
          "$changed" "$src" "$dst"
  expect_identical "$tmp/want" "$tmp/copy"
  expect_only_changes_touched src dst
  stop_server dst
  serve_logged dst -r file "$tmp/copy"
  copy_ok --compare -T $n -C $n "$changed" "$src" "$dst"
  expect_only_changes_touched src dst
done
copy_fails 4 differ --compare "$src" "$tmp/copy"

# A changed byte that differs is found, and another one is not.
spoil ()
{
  local block
  block=$(od -An -v -tu1 -w1 "$tmp/changes" | grep -n -m 1 "$1")
  printf x | dd of="$tmp/copy" bs=1 seek=$((${block%:*} * 4096 - 777)) \
                conv=notrunc status=none
}

spoil 0
copy_ok --compare "$changed" "$src" "$tmp/copy"
spoil 1
copy_fails 4 differ --compare "$changed" "$src" "$tmp/copy"
# The answers are faulty: a range without one counts as changed, and differs.
serve_changes src --mode=status-none --in=changes "$tmp/disk"
cp "$tmp/want" "$tmp/copy"
copy_fails 4 differ --compare "$changed" "$src" "$tmp/copy"
expect_fired src
