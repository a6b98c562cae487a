#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copying 16 TiB of holes takes only the time of the block status requests.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin null

serve_logged src null 16T
serve_nbdkit dst null 16T

copy_ok "$src" null:
copy_ok "$src" "$dst"
expect_requests src Read -eq 0
expect_requests src Extents -ge 1
