#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Data is written to a stream in order, even if the source answers out of order.
# Reads run ahead of the writes, and holes are not read.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval
requires_plugin file

# The first read is answered after three others.
make_data "$tmp/disk" 2000001
make_gate "$tmp/gate"
three_are_answered () { [ "$(compgen -G "$tmp/answered*" | wc -l)" -ge 3 ]; }
open_gate_when "$tmp/gate" three_are_answered
serve_nbdkit src eval thread_model='echo parallel' \
  get_size="stat -c %s '$tmp/disk'" \
  pread="[ \$4 -ne 0 ] || : < '$tmp/gate'
         dd if='$tmp/disk' iflag=skip_bytes,count_bytes bs=64k skip=\$4 \
            count=\$3 status=none &&
         : > '$tmp/answered'\$4"
stream_ok -v --request-size=262144 "$src" - > >(cat > "$tmp/copy")
wait $!
expect_identical "$tmp/disk" "$tmp/copy"
sed '/write completed/,$d' "$errors" > "$tmp/before"
[ "$(grep -c 'read completed' "$tmp/before")" -ge 3 ] ||
  fail "reads did not run ahead of the first write"
grep -o 'write completed .* offset=[0-9]*' "$errors" | sed 's/.*offset=//' \
  > "$tmp/offsets"
sort -n "$tmp/offsets" | cmp - "$tmp/offsets" || fail "writes are out of order"

make_islands "$tmp/islands" 32
serve_logged sparse -r file "$tmp/islands"
stream_ok "$sparse" - > >(cat > "$tmp/copy")
wait $!
expect_identical "$tmp/islands" "$tmp/copy"
[ "$(request_bytes sparse Read)" -lt 6000000 ] || fail "holes were read"
