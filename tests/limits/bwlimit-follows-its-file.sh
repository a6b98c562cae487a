#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --bwlimit=@FILE: a new rate takes effect while the copy runs.  A file without
# a rate changes nothing and causes one warning.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

said () { grep -qE -e "$1" "$errors"; }

# The file is read twice a second, and reading an unchanged rate leaves no
# trace.
let_it_look () { pause 1.2; }

# At this rate, the copy would take hours.
make_data "$tmp/disk" 16M
make_ones "$tmp/copy" 16M
serve_logged src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
echo 1k > "$tmp/rate"
start_copy -v --bwlimit=@"$tmp/rate" "$src" "$dst"
wait_until has_request src Read

set_rate ' 2K'
wait_until said 'limit: 2.0 KiB/s'

set_rate rubbish
wait_until said 'warning: --bwlimit=@.*/rate: not a number: the rate stays'
rm "$tmp/rate"
mkfifo "$tmp/rate"              # opening it must not block
let_it_look
rm "$tmp/rate"
let_it_look
: > "$tmp/rate"
let_it_look
! copy_has_ended || fail "the old rate was not kept"

printf none > "$tmp/rate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/copy"
[ "$(grep -c 'warning:' "$errors")" -eq 1 ] || fail "there is not one warning"
said 'limit: none' || fail "the limit was not lifted"
