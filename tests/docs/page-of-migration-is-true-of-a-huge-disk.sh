#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for one disk that several machines copy.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
requires_plugin file

make_disks 16
serve_nbdkit old -r file "$tmp/disk"
serve_nbdkit new file "$tmp/copy"
export old new
run_section MIGRATION.md "A huge disk"
expect_identical "$tmp/disk" "$tmp/copy"
