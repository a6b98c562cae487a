#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Data that is stored while the digest still waits for data before it does not
# count as finished: the next run reads it again.

. "$(dirname "$0")/../lib/test.sh"
requires_digests
requires_filter log
requires_plugin eval

make_data "$tmp/disk" 4M
copy_ok --blkhash=sha256/1M "$tmp/disk" null:
want=$(< "$output")
make_ones "$tmp/copy" 4M
mkfifo "$tmp/gate"

# The first read is answered when the gate is opened, all others at once.
serve_nbdkit src -r eval thread_model='echo parallel' \
             get_size="stat -c %s '$tmp/disk'" \
             pread="[ \$4 -ne 0 ] || : < '$tmp/gate'
                    dd if='$tmp/disk' bs=64k iflag=skip_bytes,count_bytes \
                       skip=\$4 count=\$3 status=none"
serve_logged dst file "$tmp/copy"

# SIGTERM ends the copy with a flush, after which the map is saved.
has_written () { [ "$(request_bytes dst Write)" -ge 131072 ]; }

start_copy -T 1 -C 1 --request-size=64K --blkhash=sha256/1M \
           --map="$tmp/map" --map-interval=0.1 "$src" "$dst"
wait_until test -s "$tmp/map"
wait_until has_written
kill "$copy_pid" || fail "the copy has ended"
wait_copy
[ $code -eq 143 ] || fail "exit status $code"
expect_requests dst Flush -ge 1
[ "$(finished_bytes "$tmp/map")" -eq 0 ] ||
  fail "$(finished_bytes "$tmp/map") bytes are finished without a digest"
: > "$tmp/gate"
stop_server src

copy_ok --blkhash=sha256/1M --map="$tmp/map" --resume=never "$tmp/disk" \
        "$tmp/copy"
expect_digest "$want"
