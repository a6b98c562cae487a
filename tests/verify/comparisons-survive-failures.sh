#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Comparisons survive failed reads and lost connections, on either side or on
# both, and still find the same differences.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 24M
cp "$tmp/disk" "$tmp/other"
put_data "$tmp/other" $((7 << 20)) 600  # one sector, and a part of the next

ways=("-T 1" "-T 2 -C 2")
copy_ok --help
! grep -q blkhash "$output" || ways+=("-T 2 -C 2 --blkhash")

for mode in read-error read-half read-cut drop garble; do
  for way in "${ways[@]}"; do
    read -r -a words <<< "$way --retries=4 --retry-wait=0"
    serve_faulty bad --mode=$mode --after=4 --times=2 "$tmp/disk"
    serve_faulty worse --mode=$mode --after=7 --times=2 "$tmp/other"
    copy_fails 4 'offset 7340032 length 1024$' --compare "${words[@]}" \
               "$bad" "$worse"
    expect_error ': 1024 bytes of 25165824 differ, in 1 range$'
    expect_fired bad
    expect_fired worse
    stop_server bad
    stop_server worse
  done
done

# The destination may also be lost while it is verified.
truncate -s 24M "$tmp/copy"
serve_faulty src --mode=honest "$tmp/disk"
serve_faulty dst --mode=read-cut --after=3 --times=3 "$tmp/copy"
copy_ok --verify -p --retry-wait=0 "$src" "$dst"
expect_fired dst
expect_error 'compared 24\.0 MiB .* no difference$'
expect_identical "$tmp/disk" "$tmp/copy"
