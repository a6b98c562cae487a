#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --shard refuses impossible parts, streams, and digests that cannot be put
# together, before anything is touched.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 4M
for shard in 0/3 4/3 1/0 3 3/ /3 a/b -1/3 1/4294967296; do
  copy_fails 2 "^stripecopy: --shard: must be .*, with I from 1 to N: $shard\$" \
             --shard="$shard" "$tmp/disk" "$tmp/copy"
done
copy_fails 2 '^stripecopy: source -: .* stream .*--shard' --shard=1/3 \
           - "$tmp/copy"
stream_fails 2 '^stripecopy: destination -: .* stream .*--shard' --shard=1/3 \
             "$tmp/disk" - < /dev/null > >(cat > "$tmp/piped")
copy_fails 2 '^stripecopy: --blkhash(:| with --shard requires a --map with %i)' \
           --shard=1/3 --blkhash --map="$tmp/map" "$tmp/disk" "$tmp/copy"
copy_ok --help
! grep -q blkhash "$output" ||
  copy_fails 2 '^stripecopy: --blkhash: .* larger than 1048576 with --shard' \
             --shard=1/3 --blkhash=md5/2M --map="$tmp/map%i" "$tmp/disk" \
             "$tmp/copy"
[ ! -e "$tmp/copy" ] || fail "a file was made"
