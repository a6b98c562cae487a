#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Progress never decreases, and reaches 100 once, at the end.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter delay

make_disks 64
serve_nbdkit src --filter=delay -r file "$tmp/disk" delay-read=50ms
serve_nbdkit dst file "$tmp/copy"

copy_ok -T 4 -C 4 --request-size=32k -R 2 --interval=0.1 --progress=3 \
        "$src" "$dst" 3> "$tmp/progress"
[ "$(wc -l < "$tmp/progress")" -ge 4 ] || fail "too few lines to fall"
! grep -vqE '^[0-9]+/100$' "$tmp/progress" || fail "a line is not N/100"
sort -c -n -t / -k 1,1 "$tmp/progress" || fail "progress fell"
[ "$(grep -c '^100/100$' "$tmp/progress")" -eq 1 ] ||
  fail "100 is not there exactly once"
[ "$(tail -n 1 "$tmp/progress")" = 100/100 ] || fail "100 is not the last"
[ "$(head -n 1 "$tmp/progress")" != 100/100 ] || fail "nothing before 100"

copy_ok -p "$src" "$dst"
! grep -q $'\r' "$errors" || fail "a bar was drawn into a file"
[ "$(grep -cE '^  100% \[\*+\]' "$errors")" -eq 1 ] ||
  fail "100% is not there exactly once"
expect_error '^stripecopy: copied .* in .* with [0-9]+ workers?: .* data, .* zeroed, .* already zero$'
tail -n 2 "$errors" | head -n 1 | grep -q '^  100% ' ||
  fail "the order is wrong"

# Without -p or --progress nothing is printed.
copy_ok -q "$src" "$dst"
[ ! -s "$errors" ] || fail "--quiet prints something"
