#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# TLS by pre-shared key, on both sides; the wrong key is refused.

. "$(dirname "$0")/../lib/test.sh"
requires psktool
requires_tls
requires_plugin file

make_disks
psktool -u alice -p "$tmp/keys" > /dev/null 2>&1
psktool -u alice -p "$tmp/other" > /dev/null 2>&1
serve_logged src --tls=require --tls-psk="$tmp/keys" -r file "$tmp/disk"
serve_logged dst --tls=require --tls-psk="$tmp/keys" file "$tmp/copy"
src=nbds+unix://alice@${src#*//}\&tls-psk-file=$tmp/keys
dst=nbds+unix://alice@${dst#*//}\&tls-psk-file=$tmp/keys

copy_ok -T 4 -C 4 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_encrypted src dst

copy_fails 1 '^stripecopy: source ' "${src/%keys/other}" "$dst"
