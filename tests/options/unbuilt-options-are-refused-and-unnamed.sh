#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Options that this build lacks are refused, and --help does not name them,
# because programs read it.

. "$(dirname "$0")/../lib/test.sh"

copy_ok --help
! grep -q blkhash "$output" || skip "this build has all options"

copy_fails 2 '^stripecopy: --blkhash: not supported by this build' \
           --blkhash null: null:
copy_fails 2 '^stripecopy: .*blkhash' --blkhash=md5/4 null: null:
copy_fails 2 '^stripecopy: .*blkhash-file' --blkhash-file="$tmp/x" null: null:

copy_ok --help
! grep -q blkhash "$output" || fail "--help names --blkhash"
copy_ok --long-options
! grep -q blkhash "$output" || fail "--long-options names --blkhash"
