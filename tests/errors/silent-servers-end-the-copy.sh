#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that stops answering ends the copy after --stall-timeout, with a line
# that names it.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
serve_faulty src --mode=read-silent --after=3 "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
copy_fails 1 "^stripecopy: source .*no answer for $factor s.* offset" \
           --stall-timeout="$factor" --retries=0 "$src" "$dst"
expect_fired src

serve_nbdkit src2 -r file "$tmp/disk"
serve_faulty dst2 --mode=write-silent --after=3 "$tmp/copy"
copy_fails 1 "^stripecopy: destination .*no answer for $factor s.* offset" \
           --stall-timeout="$factor" --retries=0 "$src2" "$dst2"
expect_fired dst2
