#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for resuming a copy.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"

make_islands "$page_folder/old.img" 16
run_section MIGRATION.md "Resuming after an interruption"
expect_identical "$page_folder/old.img" "$page_folder/new.img"
[ -s "$page_folder/new.map" ] || fail "there is no map"
