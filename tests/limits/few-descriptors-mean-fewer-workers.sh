#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a process may open few descriptors, fewer workers copy.  If there are too
# few for one worker, the error says so.

. "$(dirname "$0")/../lib/test.sh"
requires_bare_binary "descriptors are counted"
requires qemu-nbd

# limited_to N: sets wrapper so that copies begin with the three standard
# descriptors, and may have no more than N.
limited_to ()
{
  wrapper=(bash -c 'for fd in /proc/self/fd/*; do
                      fd=${fd##*/}
                      [ "$fd" -lt 3 ] || eval "exec $fd>&-"
                    done
                    ulimit -n "$0"
                    exec "$@"' "$1")
}

# copies FEWEST SOURCE DESTINATION: copies with 5 to 24 descriptors, of which
# FEWEST must suffice.
copies ()
{
  local n warned=no
  for ((n = 5; n <= 24; n++)); do
    make_ones "$tmp/copy" 16M
    limited_to "$n"
    run_copy -T 4 -C 4 --map="$tmp/map" "${@:2}"
    if [ "$n" -ge "$1" ]; then
      [ $code -eq 0 ] || fail "$n descriptors: exit status $code from: ${*:2}"
      expect_identical "$tmp/disk" "$tmp/copy"
      ! grep -q 'Too many open files' "$errors" || warned=yes
    elif [ $code -ne 0 ]; then
      expect_error 'Too many open files$'
    fi
    expect_no_error 'Success'
    rm -f "$tmp/map"
  done
  [ $warned = yes ] || fail "there were always enough descriptors: ${*:2}"
}

make_disks 16
# nbdkit 1.32 may abort when a client leaves in the handshake.
serve_qemu_nbd src -t -e 8 -r -f raw "$tmp/disk"
serve_qemu_nbd dst -t -e 8 -f raw "$tmp/copy"
copies 13 "$src" "$dst"
stop_server src
stop_server dst
copies 15 "$tmp/disk" "$tmp/copy"
