#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy with a map ends with status 3 if it fails for a reason that may go
# away, and the same command then succeeds.  If it would fail again, it ends
# with status 1.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
serve_faulty src --mode=read-error --after=3 "$tmp/disk"
copy_fails 3 '^stripecopy: source .*read failed' --retries=0 --map="$tmp/map" \
           "$src" "$tmp/new"
expect_fired src
expect_error '^stripecopy: --map=.*run the same command again to resume'
stop_server src

# A server that is not back yet.  Without a map that can be resumed, that is a
# failure like any other.
cp "$tmp/map" "$tmp/before"
copy_fails 3 'source .*cannot connect' --map="$tmp/map" "$src" "$tmp/new"
expect_error '^stripecopy: --map=.*run the same command again to resume'
cmp "$tmp/map" "$tmp/before" || fail "the map has changed"
copy_fails 1 'cannot connect' --map="$tmp/none" "$src" "$tmp/new"
copy_fails 1 'cannot connect' --map="$tmp/map" --resume=never "$src" "$tmp/new"
head -n -1 "$tmp/map" > "$tmp/torn"
copy_fails 1 'cannot connect' --map="$tmp/torn" "$src" "$tmp/new"

serve_nbdkit src -r file "$tmp/disk"
copy_ok --map="$tmp/map" "$src" "$tmp/new"
expect_identical "$tmp/disk" "$tmp/new"

# A server that has no room.
requires_plugin eval
serve_nbdkit dst eval get_size='echo 32M' can_flush='exit 0' \
             pread='head -c $3 /dev/zero' \
             pwrite='echo ENOSPC full >&2; exit 1'
copy_fails 1 'No space left' --map="$tmp/map" --resume=never "$src" "$dst"

# A server that exits with a failure: all its data is in doubt.
# shellcheck disable=SC2016
copy_fails 1 'destination .*status 3' --map="$tmp/map" --resume=never "$src" \
           [ bash -c 'trap "kill \$!; wait \$!; exit 3" TERM
                      (LISTEN_PID=$BASHPID exec nbdkit -f file "$0") &
                      wait' "$tmp/copy" ]
expect_identical "$tmp/disk" "$tmp/copy"
[ "$(finished_bytes "$tmp/map")" -eq 0 ] || fail "the map says it is stored"

# Without a map it is a failure like any other.
serve_faulty src2 --mode=read-error --after=3 "$tmp/disk"
copy_fails 1 'read failed' --retries=0 "$src2" "$tmp/new"
