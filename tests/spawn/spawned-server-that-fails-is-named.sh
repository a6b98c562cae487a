#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that cannot be started, exits at once or never listens fails the
# copy, with the reason, on either side.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

serve_nbdkit other memory 1M

copy_fails 1 '^stripecopy: source .*no-such-server.*No such file' \
           [ "$tmp/no-such-server" --fast ] null:
copy_fails 1 '^stripecopy: destination .*no-such-server.*No such file' \
           "$other" [ "$tmp/no-such-server" ]

copy_fails 1 '^stripecopy: source .*status 7' \
           [ sh -c 'echo oh no >&2; exit 7' ] null:
expect_error '^oh no$'
copy_fails 1 '^stripecopy: destination .*status 7' "$other" [ sh -c 'exit 7' ]

copy_fails 1 '^stripecopy: source ' --open-timeout=1 [ sleep 1000 ] null:
