#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Replies in a TLS buffer, which poll cannot see, are not forgotten, and nothing
# deadlocks: one request of 4 KiB at a time, and each side replies at once.

. "$(dirname "$0")/../lib/test.sh"
requires psktool
requires_tls
requires_plugin file

make_data "$tmp/disk" 4M
make_ones "$tmp/copy" 4M
psktool -u alice -p "$tmp/keys" > /dev/null 2>&1
serve_logged src --tls=require --tls-psk="$tmp/keys" -r file "$tmp/disk"
serve_logged dst --tls=require --tls-psk="$tmp/keys" file "$tmp/copy"
src=nbds+unix://alice@${src#*//}\&tls-psk-file=$tmp/keys
dst=nbds+unix://alice@${dst#*//}\&tls-psk-file=$tmp/keys

copy_ok -T 1 -R 1 --request-size=4096 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_requests src Read -eq 1024
