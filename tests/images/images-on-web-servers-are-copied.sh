#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk at an https address is copied to an NBD server with one command: raw or
# in an image format, through a redirect, and with a password that is not
# visible to others.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin curl
requires_plugin memory
requires_formats qcow2
requires_tls

encoded=open%3Asesame%2F42
make_islands "$tmp/disk" 8
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/disk.qcow2"
make_certificates "$tmp/pki"
mkdir "$tmp/site"
mv "$tmp/disk.qcow2" "$tmp/site"
ln "$tmp/disk" "$tmp/site/disk"
serve_web web "$tmp/site" "$tmp/pki/server-cert.pem" "$tmp/pki/server-key.pem"
make_ones "$tmp/copy" 8M
serve_nbdkit dst file "$tmp/copy"

# The server's certificate is not accepted until its authority is named.
copy_fails 1 '^stripecopy: source https:' --source-format=raw "$web/disk" "$dst"
export CURL_CA_BUNDLE=$tmp/pki/ca-cert.pem

for what in 'raw /disk' 'qcow2 /disk.qcow2' 'auto /moved/disk.qcow2'; do
  copy_ok --source-format="${what% *}" "$web${what#* }" "$dst"
  expect_identical "$tmp/disk" "$tmp/copy"
  make_ones "$tmp/copy.new" 8M
  cat "$tmp/copy.new" > "$tmp/copy"
done
grep -q '^GET /disk.qcow2 bytes=' "$tmp/web.requests" ||
  fail "nothing was asked of the web server"

# A password reaches the server, and appears in no message and on no command
# line.
private=${web/'://'/"://alice:$encoded@"}/secret
copy_fails 1 '^stripecopy: source https://.*@localhost' --source-format=raw \
           "${private/sesame/simsalabim}/disk" "$dst"
expect_no_error simsalabim
copy_ok -v --source-format=qcow2 "$private/disk.qcow2" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
expect_no_error sesame
grep -q 'password=\*\*\*' "$errors" || fail "no password was passed on"

# Not even while a server runs.
command_lines ()
{
  find_leftovers
  printf '/proc/%s/cmdline\n' "${leftovers[@]}"
}
sees_nbdkit ()
{
  command_lines | xargs grep -qz '^password=' 2> /dev/null
}
start_copy --source-format=raw "$private/disk" \
           [ "$faulty_server" --mode=write-silent --log="$tmp/dst.fired" \
             "$tmp/copy" ]
wait_until sees_nbdkit
for line in $(command_lines); do
  ! grep -qza -e sesame -e alice: "$line" ||
    cmp -s "$line" "/proc/$copy_pid/cmdline" ||
    fail "the password is on a command line"
done
kill "$copy_pid"
kill "$copy_pid" || :
wait_copy
expect_no_leftovers

copy_fails 1 '^stripecopy: source http' --source-format=qcow2 "$web/none" "$dst"
