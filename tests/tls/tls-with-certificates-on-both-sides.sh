#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# TLS by certificates, on both sides; a client with a certificate of another
# authority is refused.

. "$(dirname "$0")/../lib/test.sh"
requires_tls
requires_plugin file

make_certificates "$tmp/pki"
make_certificates "$tmp/other"
make_disks
serve_logged src --tls=require --tls-verify-peer \
             --tls-certificates="$tmp/pki" -r file "$tmp/disk"
serve_logged dst --tls=require --tls-verify-peer \
             --tls-certificates="$tmp/pki" file "$tmp/copy"
src=nbds+unix://${src#*//}\&tls-certificates=$tmp/pki
dst=nbds+unix://${dst#*//}\&tls-certificates=$tmp/pki

copy_ok -T 4 -C 4 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_encrypted src dst

copy_fails 1 '^stripecopy: source ' "${src/%pki/other}" "$dst"
