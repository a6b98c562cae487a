#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If io_uring is refused, as in many containers, files are copied without it,
# and -v says so.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

without_uring
make_disks
serve_nbdkit dst file "$tmp/copy"
copy_ok -v "$tmp/disk" "$dst"
expect_error 'source .*by pread and pwrite: io_uring: '
expect_identical "$tmp/disk" "$tmp/copy"
copy_ok -v "$dst" "$tmp/new"
expect_error 'destination .*by pread and pwrite: io_uring: '
expect_identical "$tmp/disk" "$tmp/new"
make_ones "$tmp/new" 32M
copy_ok --allocated "$tmp/disk" "$tmp/new"
expect_identical "$tmp/disk" "$tmp/new"
