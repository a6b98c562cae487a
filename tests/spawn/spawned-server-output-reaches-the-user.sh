#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The user sees the standard error of a server that the copy started, and its
# standard output does not get into ours.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

copy_ok [ sh -c 'echo the server speaks >&2; echo out; exec nbdkit memory 1M' ] \
        null:
expect_error '^the server speaks$'
[ ! -s "$output" ] || fail "standard output is not empty"
