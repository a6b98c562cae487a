#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file system that does not allow such large files is found before anything is
# touched, also by --plan.

. "$(dirname "$0")/../lib/test.sh"
requires mke2fs

truncate -s 32M "$tmp/back"
mke2fs -q -t ext2 -b 1024 "$tmp/back"
make_device device "$tmp/back"
truncate -s 20G "$tmp/disk" 2> "$errors" || skip "files cannot have 20 GiB here"

(
  mkdir "$tmp/small"
  mount "$device" "$tmp/small" 2> "$errors" || skip "mounting is refused"
  trap 'umount "$tmp/small"' EXIT
  make_ones "$tmp/small/old" 1M
  for to in new old; do
    for args in --plan --retries=0 --shard=1/2 --allocated; do
      copy_fails 2 'destination .*limited to [0-9]+ bytes, .*21474836480$' $args \
                 "$tmp/disk" "$tmp/small/$to"
    done
  done
  [ ! -e "$tmp/small/new" ] || fail "a file was made"
  cmp "$tmp/small/old" <(make_ones /dev/stdout 1M) || fail "a file was changed"
  copy_ok --plan "$tmp/small/old" "$tmp/small/new"
)

# A file system that only reports this when the file is extended.
requires strace
requires_bare_binary "system calls fail"
strace -o "$tmp/trace" true 2> "$errors" || skip "strace is not allowed"
wrapper=(strace -f -qq -o "$tmp/trace" -e trace=ftruncate
         -e inject=ftruncate:error=EFBIG:when=1 "${wrapper[@]}")
make_ones "$tmp/old" 1M
cp "$tmp/old" "$tmp/before"
copy_fails 2 'destination .*set its size: File too large' "$tmp/disk" "$tmp/old"
grep -q INJECTED "$tmp/trace" || fail "no call failed"
expect_identical "$tmp/before" "$tmp/old"
