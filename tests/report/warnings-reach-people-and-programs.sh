#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each warning is also reported to programs, with a fixed code. -q hides it only
# from standard error.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file
requires_plugin memory

make_disks 16
serve_nbdkit src -r file "$tmp/disk"

# copy CODE ARGS...: copies, and expects one warning with that code.
copy ()
{
  local want=$1
  shift
  rm -f "$tmp/events"
  copy_ok --events="$tmp/events" --report="$tmp/report" "$@"
  expect_report "[w['code'] for w in r['warnings']] == ['$want']"
  expect_events "[w['code'] for w in of ('warning')] == ['$want']"
}

# A source that is not empty but has no data.
serve_nbdkit thin memory 16M
copy source-no-data "$thin" "$tmp/new"
expect_error '^stripecopy: warning: source .*no data found: the source reports only zeroes$'
copy source-no-data -q "$thin" "$tmp/new"
[ ! -s "$errors" ] || fail "--quiet prints something"
head -c 1M /dev/zero > "$tmp/zeroes"
copy source-no-data --no-extents "$tmp/zeroes" null:

: > "$tmp/empty"
rm "$tmp/events"
copy_ok --report="$tmp/report" "$tmp/empty" "$tmp/new"
expect_report "r['warnings'] == []"

# A destination that cannot flush; a source whose block status fails.
serve_faulty dst --without=flush "$tmp/copy"
copy destination-no-flush "$src" "$dst"
serve_faulty mute --mode=status-error "$tmp/disk"
copy block-status-failed "$mute" "$tmp/new"
expect_identical "$tmp/disk" "$tmp/new"

# Retries.
serve_faulty hiccup --mode=read-error --times=1 "$tmp/disk"
copy request-retried --retry-wait=0.01 "$hiccup" "$tmp/new"
expect_fired hiccup
serve_faulty lossy --mode=drop --after=4 --times=1 "$tmp/disk"
rm "$tmp/events"
copy_ok --events="$tmp/events" --report="$tmp/report" --retry-wait=0.01 -C 1 \
        "$lossy" "$tmp/new"
expect_fired lossy
codes="['connection-lost', 'connection-restored']"
expect_report "[w['code'] for w in r['warnings']] == $codes"
expect_events "[w['code'] for w in of ('warning')] == $codes"
