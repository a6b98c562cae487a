#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With --verify the destination is not read before each connection that wrote to
# it has been flushed, however long a flush takes.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval
requires_filter log

make_data "$tmp/disk" 16M
truncate -s 16M "$tmp/copy"
serve_nbdkit src -r file "$tmp/disk"
serve_logged dst eval get_size='echo 16777216' can_flush='exit 0' \
             can_multi_conn='exit 0' thread_model='echo parallel' \
             pread="dd if='$tmp/copy' bs=64k iflag=skip_bytes,count_bytes \
                    skip=\$4 count=\$3 status=none" \
             pwrite="dd of='$tmp/copy' bs=64k oflag=seek_bytes seek=\$4 \
                     conv=notrunc status=none" \
             flush="! mkdir '$tmp/first' 2> /dev/null || sleep 0.3"

copy_ok --verify -T 2 "$src" "$dst"
expect_identical "$tmp/disk" "$tmp/copy"

# The lines of the log begin with the time, and may be out of order.  A worker
# that came late has nothing to flush, so its flush may come at any time.
sort "$tmp/dst.requests" | awk '
  / Write id=/             { wrote[$3] = 1 }
  / \.\.\.Flush id=.*=0$/  { delete wrote[$3] }
  / Read id=/ && !reading  { reading = 1
                             for (c in wrote) exit early = 1 }
  END                      { exit early || !reading }' ||
  fail "data was read before all flushes ended"
