#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The digest of a hole of 256 GiB takes no more memory than that of a small one.

. "$(dirname "$0")/../lib/test.sh"
requires_bare_binary "memory cannot be measured"
requires_digests
requires_plugin eval
requires_plugin null

# The destination waits in its flush, when the digest is complete.
mkfifo "$tmp/hang"
peak_of ()
{
  rm -f "$tmp/flushing"
  serve_nbdkit src null "$1"
  serve_nbdkit dst eval get_size="echo $1" can_multi_conn='exit 0' \
               pwrite='cat > /dev/null' can_extents='exit 0' \
               extents="echo 0 $1 zero" pread='head -c $3 /dev/zero' \
               flush="echo > '$tmp/flushing'; read -r x < '$tmp/hang'"
  start_copy -T 2 --blkhash=md5 "$src" "$dst"
  wait_until test -s "$tmp/flushing"
  peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$copy_pid/status")
  exec {lock}<> "$tmp/hang"
  echo > "$tmp/hang"
  echo > "$tmp/hang"
  wait_copy
  exec {lock}>&-
  [ $code -eq 0 ] || fail "exit status $code"
  stop_server src
  stop_server dst
}

peak_of 1M
small=$peak
peak_of 256G
expect_digest 413a37e5af6b286b2c4df8c449d6f898
[ "$peak" -le $((small + 8192)) ] ||
  fail "$peak KiB for 256 GiB, and $small KiB for 1 MiB"
