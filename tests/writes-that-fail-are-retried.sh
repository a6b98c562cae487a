#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Failed writes, zero requests and flushes are tried again; after a flush that
# failed, all that it was to cover is written again.

. "${srcdir:-.}/functions.sh"
requires_filter error
requires_plugin file

make_disks
serve_nbdkit src -r file "$tmp/disk"
for mode in write-error zero-error flush-error; do
  make_ones "$tmp/copy" 32M
  serve_rude dst --mode=$mode --times=2 "$tmp/copy"
  copy_ok -v --retry-wait=0.01 "$src" "$dst"
  expect_fired dst
  expect_identical "$tmp/disk" "$tmp/copy"
  if [ $mode = flush-error ]; then
    expect_error '^stripecopy: copied .*; [12] retr(y|ies), [1-9][0-9.]* [KM]iB copied again$'
  else
    expect_error '^stripecopy: copied .*; 2 retries, 0 B copied again$'
  fi
  stop_server dst
done

# What never gets better is not tried twice.
serve_nbdkit dst --filter=error memory 32M error=ENOSPC error-pwrite-rate=1
copy_fails 1 '^stripecopy: destination .*write failed .*: No space left' \
           --retry-wait=3600 "$src" "$dst"
