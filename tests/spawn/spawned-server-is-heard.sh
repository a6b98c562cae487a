#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a spawned server says on its standard error reaches the user, and what it
# says on its standard output does not get into ours.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

copy_ok [ sh -c 'echo the server speaks >&2; echo out; exec nbdkit memory 1M' ] \
        null:
expect_error '^the server speaks$'
[ ! -s "$output" ] || fail "standard output carries something"
