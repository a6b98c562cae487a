#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Output of a server after the copy has disconnected is dropped: after a failure
# it would hide the server's reason.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

make_data "$tmp/disk" 8M
cat > "$tmp/server" <<'END'
#!/bin/sh
trap 'wait; echo closed > "$0.closed"; echo the client left >&2; exit 0' TERM
sh -c 'LISTEN_PID=$$ exec nbdkit "$@"' sh "$@" &
wait
wait
END
chmod +x "$tmp/server"

copy_fails 1 '^stripecopy: destination .*write failed.*the disk is full' \
           --retries=0 "$tmp/disk" \
           [ "$tmp/server" eval get_size='echo 8M' can_write='exit 0' \
             pwrite='cat > /dev/null; echo the disk is full >&2; exit 1' ]
expect_error '^nbdkit: .*the disk is full'
grep -q closed "$tmp/server.closed" || fail "the server did not complain"
expect_no_error 'the client left'
