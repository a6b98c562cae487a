#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An IPv6 address without brackets, and missing files for TLS, are named before
# any connection is made.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks 8
for address in nbd://::1:10809/x nbd://::1/x nbds://fe80::1:10809 \
               NBD://user@2001:db8::1/; do
  copy_fails 2 '^stripecopy: source .*: an IPv6 address needs brackets' \
             "$address" "$tmp/new"
  copy_fails 2 '^stripecopy: destination .*needs brackets' \
             "$tmp/disk" "$address"
done
[ ! -e "$tmp/new" ] || fail "a file was made"
copy_fails 1 '^stripecopy: source ' 'nbd://[::1]:1/x:y:z' null:
expect_no_error brackets
copy_fails 1 '^stripecopy: source ' "nbd+unix:///a:b:c?socket=$tmp/a:b:c" null:
expect_no_error brackets

serve_nbdkit src -r file "$tmp/disk"
uri=nbds+unix://${src#*//}
copy_fails 1 "^stripecopy: source .*: tls-certificates: cannot read $tmp/none: No such file" \
           "$uri&tls-certificates=$tmp/none" null:
mkdir "$tmp/pki"
copy_fails 1 "cannot read $tmp/pki/ca-cert.pem: No such file" \
           "$uri&tls-certificates=${tmp//\//%2F}%2Fpki" null:
touch "$tmp/pki/ca-cert.pem" "$tmp/pki/client-cert.pem"
copy_fails 1 "cannot read $tmp/pki/client-key.pem: No such file" \
           "$uri&tls-certificates=$tmp/pki" null:
copy_fails 1 "tls-psk-file: cannot read $tmp/keys: No such file" \
           "$uri&tls-psk-file=$tmp/keys" null:
