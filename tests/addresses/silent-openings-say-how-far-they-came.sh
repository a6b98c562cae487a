#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that accepts a connection and is silent: the error says what the copy
# waited for, and which option waits longer.

. "$(dirname "$0")/../lib/test.sh"
requires_filter delay
requires_plugin file

make_disks 8
serve_faulty silent --mode=connect-silent "$tmp/disk"
copy_fails 1 '^stripecopy: source .*: no answer from the server in time: it is connected, but the server sent no greeting \(a longer --open-timeout may help\)' \
           --open-timeout=1 "$silent" null:
expect_fired silent

# On a slow machine, not even the greeting comes within a second.
serve_nbdkit slow --filter=delay -r file "$tmp/disk" delay-open=86400
for seconds in 1 10 100; do
  run_copy --open-timeout=$seconds "$slow" null:
  [ $code -eq 1 ] || fail "exit status $code"
  ! grep -q 'did not answer all' "$errors" || break
done
expect_error '^stripecopy: source .*: no answer from the server in time: the server sent its greeting, but did not answer all NBD options \(a longer --open-timeout may help\)'
