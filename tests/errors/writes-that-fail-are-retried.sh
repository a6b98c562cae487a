#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Failed writes, zero requests and flushes are retried.  After a failed flush,
# all writes that it covered are written again.

. "$(dirname "$0")/../lib/test.sh"
requires_filter error
requires_plugin file

make_disks
serve_nbdkit src -r file "$tmp/disk"
for mode in write-error zero-error flush-error; do
  make_ones "$tmp/copy" 32M
  # Only with one worker is it known how much a flush covers.
  times=2 workers=()
  [ $mode != flush-error ] || times=1 workers=(-T 1 -C 1)
  serve_faulty dst --mode=$mode --times=$times "$tmp/copy"
  copy_ok -v --retry-wait=0.01 "${workers[@]}" "$src" "$dst"
  expect_fired dst
  expect_identical "$tmp/disk" "$tmp/copy"
  if [ $mode = flush-error ]; then
    expect_error '^stripecopy: copied .*; 1 retry, 32\.0 MiB copied again$'
  else
    expect_error '^stripecopy: copied .*; 2 retries, 0 B copied again$'
  fi
  stop_server dst
done

# Permanent errors are not retried.
serve_nbdkit dst --filter=error memory 32M error=ENOSPC error-pwrite-rate=1
copy_fails 1 '^stripecopy: destination .*write failed .*: No space left' \
           --retry-wait=3600 "$src" "$dst"
