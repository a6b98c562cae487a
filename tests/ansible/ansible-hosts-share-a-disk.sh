#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Three hosts copy one part of a disk each.  If two hosts did not run, they copy
# their parts when the play runs again, and the other one copies nothing.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
requires_plugin file

make_data "$tmp/disk" 48M
make_ones "$tmp/copy" 48M
serve_logged src file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"

share ()
{
  play 0 stripecopy.disks.shard -e source="$src" -e destination="$dst" \
       -e stripecopy_disks_folder="$tmp/state" \
       -e stripecopy_disks_interval=1 "$@"
}

share --limit one
! cmp -s "$tmp/disk" "$tmp/copy" || fail "one host has copied the whole disk"

share
expect_identical "$tmp/disk" "$tmp/copy"
expect_played '^one .* changed=0 '
expect_played '^two .* changed=1 '
expect_played '^three .* changed=1 '
[ "$(request_bytes src Read)" -eq $((48 << 20)) ] ||
  fail "the hosts have read $(request_bytes src Read) bytes"
