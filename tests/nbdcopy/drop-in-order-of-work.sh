#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The requests that servers get, and their order, depending on nbdcopy's
# options: kinds of requests and their flags, connections, sizes, and the first
# and last requests.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin null
requires_filter blocksize-policy noextents log

# 1 MiB of data, which contains 64 KiB of zeroes that no extent reports.
make_islands "$tmp/disk" 8
dd if=/dev/zero of="$tmp/disk" bs=64k seek=20 count=1 conv=notrunc status=none
make_ones "$tmp/ones" 8M

# Copies the disk to a destination that has no zeroes, or is all zeroes if
# OPTION says so.  The servers' logs then hold the requests of this copy.
copy_with ()
{
  case " $* " in
    *-is-zero\ *) rm "$tmp/copy"; truncate -s 8M "$tmp/copy" ;;
    *) cp "$tmp/ones" "$tmp/copy" ;;
  esac
  serve_logged src -r file "$tmp/disk"
  serve_logged dst file "$tmp/copy"
  copy_ok "$src" "$dst" "$@"
  expect_identical "$tmp/disk" "$tmp/copy"
  what=$*
  wait_until all_have_left
  stop_server src
  stop_server dst
  # Trimming guarantees nothing about later reads, so it is never used.
  never dst Trim
  ! grep -q fua=1 "$tmp/dst.requests" || fail "$what: written through"
  # The last request on each connection that wrote is a flush, and the
  # connection is then closed properly.  A connection that came too late to
  # write needs no flush.
  [ "$what" = "${what%--no-flush}" ] || return 0
  awk '{ last[$3] = before[$3] " " $4; before[$3] = $4 }
       $4 ~ /^(Write|Zero)$/ { owing[$3] }
       / Disconnect / && last[$3] == "...Flush Disconnect" {
         delete owing[$3]
         flushed++
       }
       END { exit length (owing) > 0 || !flushed }' "$tmp/dst.requests" ||
    fail "$what: a connection ends without a flush"
}

# Returns true once the destination has seen the last of its clients: nbdkit has
# threads for each client.  A client that left during the handshake is in no
# log.
all_have_left ()
{
  local threads=("/proc/$dst_pid/task"/*)
  [ ${#threads[@]} -eq 1 ]
}

never () { [ "$(requests "$1" "$2")" -eq 0 ] || fail "$what: $1 got a $2"; }
some () { [ "$(requests "$1" "$2")" -gt 0 ] || fail "$what: $1 got no $2"; }
all_of () { [ "$(request_bytes "$1" "$2")" -eq $((8 << 20)) ] ||
              fail "$what: $1 got $2 of $(request_bytes "$1" "$2") bytes"; }

copy_with -C 1
some src Extents; some dst Write; some dst Zero
! request_lines dst Zero | grep -q trim=0 || fail "a hole was forbidden"
[ "$(request_bytes src Read)" -lt $((2 << 20)) ] || fail "holes were read"
[ "$(request_bytes dst Write)" -lt "$(request_bytes src Read)" ] ||
  fail "zeroes in data were written"
expect_requests src Connect -eq 1
expect_requests dst Connect -eq 1

copy_with --allocated
some dst Zero
! request_lines dst Zero | grep -q trim=1 || fail "a hole was allowed"
[ $(($(request_bytes dst Write) + $(request_bytes dst Zero))) -eq \
  $((8 << 20)) ] || fail "some bytes were neither written nor zeroed"
never dst Extents

copy_with -S 0 --no-extents
never src Extents; all_of src Read; all_of dst Write; never dst Zero

copy_with --destination-is-zero --no-flush
never dst Zero; never dst Extents; some dst Write; never dst Flush

copy_with --target-is-zero --flush -C 3 -T 2 --request-size=64k
never dst Zero; never dst Extents; some dst Write
[ "$(requests dst Connect)" -le 2 ] || fail "more connections than threads"
[ "$(largest_request src Read)" -le 65536 ] || fail "a request is too large"

serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"

# Sizes are raised to the preferred size of the servers, and the queue size to
# one request.
expect_plan ()
{
  local word
  copy_ok --plan "${@:2}"
  for word in $1; do
    expect_error "^stripecopy: plan: .* $word "
  done
}
policy=(nbdkit --filter=blocksize-policy null 64M blocksize-minimum=512
        blocksize-maximum=32M)
prefers2M=('[' "${policy[@]}" blocksize-preferred=2M ])
prefers64k=('[' "${policy[@]}" blocksize-preferred=64k ])
expect_plan "request-size=2097152 queue-size=2097152 sparse=4096" \
            --request-size=4096 --queue-size=0 "${prefers2M[@]}" null:
expect_plan "request-size=1048576 queue-size=2000000 sparse=65536" \
            --request-size=1M --queue-size=2000000 "$src" "${prefers64k[@]}"
expect_plan "request-size=33554432 queue-size=33554432 sparse=0 requests=3" \
            --request-size=32M --queue-size=1 -S 0 -R3 \
            [ nbdkit null 64M ] null:
expect_plan "workers=1" --synchronous "$src" "$dst"

# The environment does not make libnbd print debug messages, except before
# stripecopy can turn them off.
LIBNBD_DEBUG=1 copy_ok "$src" "$dst"
! grep -vE '^libnbd: debug: nbd[0-9]+: nbd_(create|set_debug):' "$errors" ||
  fail "LIBNBD_DEBUG makes libnbd print debug messages"
copy_ok -vv "$src" "$dst"
expect_error '^libnbd: debug: dst0: '
[ ! -s "$output" ] || fail "standard output is not empty"
