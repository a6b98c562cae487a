#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The error about a server's certificate says whether the certificate has
# expired, is for another name, or is signed by another authority.

. "$(dirname "$0")/../lib/test.sh"
requires_tls
requires_plugin file
requires_digests                    # digests show that the build has GnuTLS

# Makes a new server certificate in a folder, with these lines.
certify ()
{
  local dir=$1
  shift
  printf '%s\n' 'cn = "localhost"' tls_www_server signing_key encryption_key \
         "$@" > "$dir/server.info"
  certtool --generate-certificate --load-privkey "$dir/server-key.pem" \
           --load-ca-certificate "$dir/ca-cert.pem" \
           --load-ca-privkey "$dir/ca-key.pem" --template "$dir/server.info" \
           --outfile "$dir/server-cert.pem" > "$tmp/certtool" 2>&1 ||
    fail "certtool: $(cat "$tmp/certtool")"
}

make_disks 8
make_certificates "$tmp/good"
make_certificates "$tmp/other"
cp -r "$tmp/good" "$tmp/expired"
certify "$tmp/expired" 'dns_name = "localhost"' \
        'activation_date = "2001-01-01 00:00:00"' \
        'expiration_date = "2002-01-01 00:00:00"'
cp -r "$tmp/good" "$tmp/elsewhere"
certify "$tmp/elsewhere" 'dns_name = "elsewhere"'

# explained SERVER CLIENT REASON
explained ()
{
  local server=$1 client=$2 port
  serve_at tls tcp4 --tls=require --tls-certificates="$tmp/$server" \
           -r file "$tmp/disk"
  port=$tls_port
  # The copy does not wait for the server's output.
  copy_fails 1 "^stripecopy: source .*: the server's certificate is not accepted: $3\$" \
    --connect-wait=600 \
    "nbds://localhost:$port/?tls-certificates=$tmp/$client" null:
  stop_server tls
}

explained expired good 'it has expired'
explained elsewhere good 'it is for another name than localhost'
explained good other 'no authority in ca-cert.pem has signed it'
explained expired other 'it has expired, no authority in .*'

serve_at tls tcp4 --tls=require --tls-certificates="$tmp/good" \
         -r file "$tmp/disk"
copy_ok "nbds://localhost:$tls_port/?tls-certificates=$tmp/good" null:
