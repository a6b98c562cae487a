#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If the user says that the destination reads as zeroes, a few places of it are
# read, and data there causes a warning and nothing else.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin memory
requires_plugin eval
requires_filter log blocksize-policy

wrong='^stripecopy: warning: destination .*does not read as zeroes, although --destination-is-zero says so'
make_islands "$tmp/disk" 32
serve_nbdkit src -r file "$tmp/disk"

# Old data everywhere, or only in the place of partition tables.
make_data "$tmp/random" 32M
truncate -s 32M "$tmp/first" "$tmp/last"
put_data "$tmp/first" 0 512
put_data "$tmp/last" $((32 * 1048576 - 512)) 512
for disk in random first last; do
  serve_logged dst file "$tmp/$disk"
  copy_ok --plan --destination-is-zero "$src" "$dst"
  expect_error "$wrong"
  stop_server dst
  serve_logged dst file "$tmp/$disk"
  copy_ok --destination-is-zero "$src" "$dst"
  expect_error "$wrong.* at offset [0-9]+ length 4096: stale data remains"
  expect_requests dst Read -le 16
  stop_server dst
done
make_data "$tmp/random" 32M
if can_make_device "$tmp/random"; then
  make_device device "$tmp/random"
  copy_ok --destination-is-zero "$src" "$device"
  expect_error "$wrong"
fi

# No warning if it is true, for any allocation and any size.
head -c 32M /dev/zero > "$tmp/zeroes"
serve_logged dst file "$tmp/zeroes"
copy_ok --destination-is-zero "$src" "$dst"
expect_no_error warning
expect_requests dst Read -gt 8
expect_requests dst Read -le 16
expect_identical "$tmp/disk" "$tmp/zeroes"
stop_server dst
make_sizes 1 100 4095 4097 65535 65537
for size in 1 100 4095 4097 65535 65537; do
  truncate -s $size "$tmp/small"
  copy_ok --destination-is-zero "$tmp/from/$size" [ nbdkit file "$tmp/small" ]
  expect_no_error warning
  expect_identical "$tmp/from/$size" "$tmp/small"
  rm "$tmp/small"
done
serve_nbdkit dst --filter=blocksize-policy memory 32M blocksize-minimum=64k \
             blocksize-preferred=64k blocksize-maximum=64k \
             blocksize-error-policy=error
copy_ok --destination-is-zero "$src" "$dst"
expect_no_error warning
expect_same_content "$src" "$dst"
stop_server dst

# No warning about data that an earlier run wrote.
truncate -s 0 "$tmp/zeroes"
truncate -s 32M "$tmp/zeroes"
serve_faulty bad --mode=read-error --after=20 "$tmp/disk"
serve_nbdkit dst file "$tmp/zeroes"
promise=(--destination-is-zero --retries=0 --request-size=64k
         --map="$tmp/map")
copy_fails 3 'read failed' "${promise[@]}" "$bad" "$dst"
for plan in "" --plan; do
  run_copy $plan "${promise[@]}" "$bad" "$dst"
  expect_error 'are copied already'
  expect_no_error "$wrong"
done
stop_server dst

# Without the option nothing is read, nor from a new file.
make_data "$tmp/random" 32M
serve_logged dst file "$tmp/random"
copy_ok "$src" "$dst"
expect_requests dst Read -eq 0
copy_ok --destination-is-zero "$src" "$tmp/new"
expect_no_error warning

# A destination that cannot be read, or not in time, is believed.
for mode in read-error read-silent read-cut read-half; do
  rm -f "$tmp/copy"
  truncate -s 32M "$tmp/copy"
  serve_faulty faulty --mode=$mode "$tmp/copy"
  copy_ok --destination-is-zero "$src" "$faulty"
  expect_fired faulty
  expect_no_error "$wrong"
  expect_identical "$tmp/disk" "$tmp/copy"
  stop_server faulty
done

# The warning has a code for programs.
requires_schemas
make_data "$tmp/random" 32M
copy_ok --destination-is-zero --report="$tmp/report" "$src" \
        [ nbdkit file "$tmp/random" ]
expect_report "[w['code'] for w in r['warnings']] == ['destination-not-zero']"
