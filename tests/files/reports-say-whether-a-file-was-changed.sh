#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a file cannot be allocated or resized, it keeps its content.  If that is
# not possible, the report says that it was changed.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
unshare -rm true 2> "$errors" || skip "mount namespaces are not allowed"

make_islands "$tmp/disk" 32
make_ones "$tmp/old" 1M
mkdir "$tmp/small"
plain=("${wrapper[@]}")

# Each copy has a small file system of its own with a file in it.
# shellcheck disable=SC2016
wrapper=(unshare -rm bash -c 'mount -t tmpfs -o size=8m tmpfs "$0/small" &&
         cp "$0/old" "$0/small/old" || exit 99
         "$@"; code=$?; rm -f "$0/after"; cp "$0"/small/* "$0/after"
         exit $code' "$tmp" "${wrapper[@]}")
for args in --allocated "--allocated --shard=1/1" "--allocated --shard=2/2"; do
  # shellcheck disable=SC2086
  copy_fails 1 'destination .*cannot allocate it: No space' $args \
             --report="$tmp/report" "$tmp/disk" "$tmp/small/old"
  expect_identical "$tmp/old" "$tmp/after"
  expect_report 'r["changed"] is False'
done

# Lets the Nth change of a size fail.  The first one is that of the report
# itself.
wrapper=("${plain[@]}")
requires strace
requires_bare_binary "system calls fail"
strace -o "$tmp/trace" true 2> "$errors" || skip "strace is not allowed"
for number in 2 3 4; do
  wrapper=(strace -f -qq -o "$tmp/trace" -e trace=ftruncate
           -e inject=ftruncate:error=ENOSPC:when=$number "${plain[@]}")
  cp "$tmp/old" "$tmp/copy"
  copy_fails 1 'destination .*cannot set its size: No space' \
             --report="$tmp/report" "$tmp/disk" "$tmp/copy"
  grep -q INJECTED "$tmp/trace" || fail "no call failed"
  if [ $number -lt 4 ]; then
    expect_identical "$tmp/old" "$tmp/copy"
    expect_report 'r["changed"] is False'
  else
    expect_report 'r["changed"] is True'
  fi
done
