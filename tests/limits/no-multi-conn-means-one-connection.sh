#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that does not advertise multi-conn gets one connection, on either
# side.

. "$(dirname "$0")/../lib/test.sh"
requires_filter multi-conn
requires_plugin file

make_disks
serve_logged one --filter=multi-conn -r file "$tmp/disk" multi-conn-mode=disable
serve_logged dst file "$tmp/copy"
copy_ok -T 4 -C 4 "$one" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests one Connect -eq 1
expect_requests dst Connect -eq 1

make_disks
serve_logged src -r file "$tmp/disk"
serve_logged lone --filter=multi-conn file "$tmp/copy" multi-conn-mode=disable
copy_ok -T 4 -C 4 "$src" "$lone"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests lone Connect -eq 1
