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

serve_nbdkit slow --filter=delay -r file "$tmp/disk" delay-open=30
copy_fails 1 '^stripecopy: source .*: no answer from the server in time: the server sent its greeting, but did not answer all NBD options \(a longer --open-timeout may help\)' \
           --open-timeout=1 "$slow" null:
