#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --connect-wait waits for a server that starts after the copy, also through a
# tunnel that accepts connections before.  An error that the server reports ends
# the wait.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks 8
there=$tmp/src.sock
start_copy --connect-wait=600 "nbd+unix:///?socket=$there" "$tmp/new"
wait_until grep -q '^stripecopy: source .*: waiting for the server$' "$errors"
serve_nbdkit src -r file "$tmp/disk"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/new"

# A server that closes the connection twice before the handshake.
serve_faulty dst --mode=connect-closed --times=2 "$tmp/copy"
copy_ok --connect-wait=600 "$src" "$dst"
expect_fired dst
expect_identical "$tmp/disk" "$tmp/copy"

# A signal ends the wait.
start_copy --connect-wait=600 "nbd+unix:///?socket=$tmp/none" null:
wait_until grep -q 'waiting for the server$' "$errors"
kill -TERM "$copy_pid"
wait_copy
[ $code -eq 143 ] || fail "exit status $code after SIGTERM"

# The wait has an end, and without the option there is no wait.
copy_fails 1 '^stripecopy: source .*none: cannot connect: .*No such file' \
           --connect-wait=5 "nbd+unix:///?socket=$tmp/none" null:
expect_error 'waiting for the server$'
copy_fails 1 '^stripecopy: source .*none: cannot connect: .*No such file' \
           "nbd+unix:///?socket=$tmp/none" null:
expect_no_error 'waiting for the server'
serve_faulty refuses --mode=go-refused "$tmp/disk"
copy_fails 1 '^stripecopy: source ' --connect-wait=600 "$refuses" null:
expect_no_error 'waiting for the server'
