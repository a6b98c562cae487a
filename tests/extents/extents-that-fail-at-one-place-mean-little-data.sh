#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If block status fails at one place of a large hole, only a small range around
# that place counts as data, for the plan and on both sides of a copy.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval
requires_plugin memory
requires_filter log

size=$((64 * 1024 * 1024 * 1024)) bad=$((5 * 1024 * 1024 * 1024 + 12345))

# Serves a disk that is one hole, on which block status fails at one place.
serve_hole ()
{
  rm -f "$tmp/$1.faults"
  serve_logged "$1" eval get_size="echo $size" \
               pread='head -c $3 /dev/zero' pwrite='cat > /dev/null' \
               can_flush='exit 0' flush='exit 0' \
               can_zero='exit 0' zero='exit 0' can_extents='exit 0' \
               extents="if [ \$4 -le $bad ] && [ \$((\$4 + \$3)) -gt $bad ]; then
                          echo fault >> '$tmp/$1.faults'
                          echo EIO cannot tell >&2
                          exit 1
                        fi
                        echo \$4 \$3 hole,zero"
}

expect_faults ()
{
  [ -s "$tmp/$1.faults" ] || fail "block status of $1 never failed"
  expect_requests "$1" Extents -lt 200
}

serve_hole side
copy_ok --plan "$side" null:
expect_faults side
expect_error '^stripecopy: found: 256.0 KiB data'
stop_server side

for threads in 1 4; do
  serve_hole side
  copy_ok --threads=$threads "$side" null:
  expect_faults side
  [ "$(grep -c 'block status failed' "$errors")" -eq 1 ] ||
    fail "there is not one warning"
  [ "$(request_bytes side Read)" -le 1048576 ] ||
    fail "$(request_bytes side Read) bytes were read"
  stop_server side

  serve_hole side
  copy_ok --threads=$threads [ nbdkit memory $size ] "$side"
  expect_faults side
  [ "$(request_bytes side Zero)" -le 1048576 ] ||
    fail "$(request_bytes side Zero) bytes were zeroed"
  stop_server side
done
