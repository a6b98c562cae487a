#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that offers zero requests and then refuses them gets writes.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
serve_nbdkit src -r file "$tmp/disk"
serve_faulty dst --mode=zero-refused "$tmp/copy"
copy_ok "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_fired dst
