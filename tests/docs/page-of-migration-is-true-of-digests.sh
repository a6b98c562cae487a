#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for digests.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
requires_digests

make_islands "$page_folder/old.img" 16
run_section MIGRATION.md "A digest to keep"
expect_identical "$page_folder/old.img" "$page_folder/new.img"
[ -s "$page_folder/old.sum" ] || fail "there is no digest"
