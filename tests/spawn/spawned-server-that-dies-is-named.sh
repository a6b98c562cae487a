#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that exits in the middle of the copy fails the copy, on either side.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_data "$tmp/disk" 32M
make_ones "$tmp/copy" 32M
serve_nbdkit dst file "$tmp/copy"

copy_fails 1 '^stripecopy: source .*faulty-server' -T 4 -C 4 \
           [ "$faulty_server" --mode=exit --after=10 --log="$tmp/src.fired" \
             "$tmp/disk" ] "$dst"
expect_error 'exited with status 3'
expect_fired src

copy_fails 1 '^stripecopy: destination .*faulty-server' -T 4 -C 4 \
           [ nbdkit -r file "$tmp/disk" ] \
           [ "$faulty_server" --mode=exit --after=10 --log="$tmp/dst.fired" \
             "$tmp/copy" ]
expect_error 'exited with status 3'
expect_fired dst
