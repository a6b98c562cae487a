#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Passwords in URIs and commands are never shown.

. "${srcdir:-.}/functions.sh"
requires_plugin memory

secret=open-sesame-42

copy_fails 1 '^stripecopy: source ' -v \
           "nbd+unix://alice:$secret@/?socket=$tmp/nobody" null:
expect_no_error $secret

copy_fails 1 '^stripecopy: source ' -v \
           [ sh -c 'exit 1' --password=$secret --token $secret ] null:
expect_no_error $secret

serve_nbdkit src memory 1M
copy_ok -v -p "${src/'://'/"://alice:$secret@"}" null:
expect_no_error $secret
copy_ok --plan "${src/'://'/"://alice:$secret@"}" null:
expect_no_error $secret
! grep -q $secret "$output" || fail "standard output shows it"
