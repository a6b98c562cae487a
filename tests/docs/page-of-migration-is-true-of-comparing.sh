#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for verifying and comparing.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"

make_islands "$page_folder/old.img" 16
run_section MIGRATION.md "Comparing both sides"
expect_identical "$page_folder/old.img" "$page_folder/new.img"

put_data "$page_folder/new.img" 4096 512
copy_fails 4 . --compare "$page_folder/old.img" "$page_folder/new.img"
