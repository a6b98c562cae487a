#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A read that fails temporarily does not end the copy: it is retried, up to the
# limit, and counted.

. "$(dirname "$0")/../lib/test.sh"
requires_filter error
requires_plugin file

make_data "$tmp/disk" 64M
make_ones "$tmp/copy" 64M
serve_nbdkit dst file "$tmp/copy"

serve_nbdkit src -r --filter=error file "$tmp/disk" error-pread-rate=10%
copy_ok -v --request-size=64k --retries=100 --retry-wait=0.01 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"
injected=$(grep -c 'injecting EIO' "$tmp/src.log") || :
[ "$injected" -gt 0 ] || fail "no fault was injected"
expect_error "^stripecopy: copied 64.0 MiB .*; $injected retr(y|ies), 0 B copied again$"
[ "$(grep -c 'warning: .*retrying' "$errors")" -eq 1 ] ||
  fail "there is not one warning"
stop_server src

# The same place fails repeatedly.
serve_faulty src --mode=read-error --offset=5555555 --times=3 "$tmp/disk"
copy_ok --retry-wait=0.01 --retries=3 "$src" "$dst"
[ "$(wc -l < "$tmp/src.fired")" -eq 3 ] || fail "there were not three faults"
stop_server src
serve_faulty src --mode=read-error --offset=5555555 --times=3 "$tmp/disk"
copy_fails 1 '^stripecopy: source .*read failed at offset' \
           --retry-wait=0.01 --retries=2 "$src" "$dst"
