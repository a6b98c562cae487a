#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Events and report match the schemas in docs/ and agree with each other, for
# each kind of run.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file
requires_plugin memory
requires_filter error

# tell STATUS EXPRESSION... -- ARGS...: runs with events, status file and
# report, checks them, and then checks expressions about the report.
tell ()
{
  local want=$1 expressions=()
  shift
  while [ "$1" != -- ]; do
    expressions+=("$1")
    shift
  done
  shift
  rm -f "$tmp/events" "$tmp/report" "$tmp/status"
  run_stream --events="$tmp/events" --report="$tmp/report" \
             --status-file="$tmp/status" --interval=0.1 \
             --retries=0 "$@" < "${from:-/dev/null}"
  [ $code -eq "$want" ] || fail "exit status $code, not $want: $*"
  check_told "${expressions[@]}"
}

check_told ()
{
  expect_report "r['exit'] == $code" "$@"
  expect_events "of ('start')[0] is e[0] and len (of ('start')) == 1" \
                "of ('end')[0] is e[-1] and len (of ('end')) == 1" \
                "e[-1]['exit'] == $code" \
                "[x['seq'] for x in e] == list (range (len (e)))"
  tail -n 1 "$tmp/events" | cmp - "$tmp/status" ||
    fail "the status file is not the last event"
  expect_json same "$tmp/events" "$tmp/report" status exit error bytes
}

make_disks
: > "$tmp/empty"
size=$(stat -c %s "$tmp/disk")
serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
serve_nbdkit broken --filter=error -r file "$tmp/disk" error-pread-rate=100%

done="r['status'] == 'ok' and r['changed'] and r['error'] is None and
      r['bytes']['total'] == $size and r['workers'] >= 1 and
      r['requests']['latency_p99'] >= r['requests']['latency_p50'] > 0 and
      r['bytes']['data'] + r['bytes']['zero'] + r['bytes']['skipped'] == $size"
refused="r['status'] == 'failed' and not r['changed'] and not r['flushed'] and
         r['workers'] is None and r['requests']['read'] == 0 and
         r['requests']['latency_p50'] is None and r['rate'] is None"

tell 0 "$done" "r['flushed']" "r['time']['flush'] > 0" "r['plan']['flush']" \
     -- "$src" "$dst"
expect_events "of ('progress')[-1]['percent'] == 100" "len (of ('plan')) == 1"
tell 0 "$done" "r['destination']['resizable']" -- "$src" "$tmp/new"
tell 0 "$done" "not r['flushed']" "r['config']['no-flush']" \
     -- --no-flush --no-extents "$src" "$tmp/new"
tell 0 "$done" "r['source']['can_extents'] is False" \
     -- --no-extents -v "$src" "$tmp/new"
tell 0 "$done" -- -q -p [ nbdkit -r file "$tmp/disk" ] "$tmp/new"
tell 0 "$done" "r['bytes']['skipped'] == 0" -- "$src" null:
tell 0 "r['status'] == 'ok'" "r['bytes']['total'] == 0" \
     -- "$tmp/empty" "$tmp/new"

# Streams: the size is unknown until the end.
from=$tmp/disk tell 0 "$done" "r['plan']['total'] is None" \
     "r['source']['stream']" "r['source']['size'] is None" -- - "$tmp/new"
tell 0 "$done" "r['destination']['stream']" -- "$src" - > "$tmp/new"
expect_identical "$tmp/disk" "$tmp/new"

# Plans.
planned="r['status'] == 'planned' and r['workers'] is None and r['changed']"
tell 0 "$planned" "r['bytes']['data'] > 0" -- --plan "$src" "$dst"
from=$tmp/disk tell 0 "$planned" "r['bytes']['total'] is None" \
     -- --plan - "$dst"

# A map: finished ranges are not copied again, and count as done.
rm -f "$tmp/new"
tell 0 "$done" "r['map']['durable_bytes'] == $size and not r['map']['resumed']" \
     "r['source']['id'] == 'snap'" \
     -- --map="$tmp/map" --source-id=snap "$src" "$tmp/new"
expect_events "of ('checkpoint')[-1]['durable_bytes'] == $size"
tell 0 "r['status'] == 'unchanged' and not r['changed'] and r['flushed']" \
     "r['bytes']['resumed'] == $size" "r['map']['resumed']" \
     -- --map="$tmp/map" --source-id=snap "$src" "$tmp/new"
expect_events "of ('progress')[-1]['resumed'] == $size"
tell 0 "r['status'] == 'planned' and not r['changed']" \
     "r['bytes']['resumed'] == $size" \
     -- --plan --map="$tmp/map" --source-id=snap "$src" "$tmp/new"
tell 6 "r['status'] == 'failed' and not r['changed']" \
     -- --map="$tmp/map" --source-id=other "$src" "$tmp/new"

# Comparisons, with differences.
tell 0 "$done" "r['verify']['differing'] == 0" "r['time']['verify'] > 0" \
     -- --verify "$src" "$dst"
expect_events "of ('verify')[0]['compared'] > 0" \
              "of ('progress')[-1]['compared'] == $size"
tell 0 "r['status'] == 'unchanged' and not r['changed']" \
     "r['verify']['ranges_complete']" "r['bytes']['data'] == 0" \
     -- --compare "$src" "$dst"
tell 4 "r['status'] == 'different'" "r['verify']['differing'] > 0" \
     "r['verify']['ranges'][0]['offset'] == r['error']['offset']" \
     "r['error']['op'] == 'compare'" \
     -- --compare "$src" [ nbdkit memory $size ]
tell 0 "r['status'] == 'planned' and not r['changed']" -- --plan --compare \
     "$src" "$dst"

# Copies that are refused.
tell 2 "$refused" "r['source']['size'] == $size" -- "$src" "$src"
tell 2 "$refused" "r['error']['side'] == 'destination'" \
     -- "$src" [ nbdkit memory 1k ]
tell 1 "$refused" "r['error']['side'] == 'source'" \
     "r['source']['size'] is None" -- "$tmp/nothing" "$dst"
tell 2 "$refused" "r['source']['name'] is None" -- --no-such-option
tell 2 "$refused" "r['source']['name'] is None" -- "$src"
tell 2 "$refused" -- --flush --no-flush "$src" "$dst"

# Copies that fail midway.
tell 1 "r['status'] == 'failed'" "r['error']['op'] == 'read'" \
     "r['error']['side'] == 'source'" "r['error']['errno'] == 5" \
     "r['error']['offset'] >= 0 and r['error']['length'] > 0" \
     -- --no-extents "$broken" "$dst"
serve_faulty full --mode=write-error --after=3 "$tmp/copy"
tell 1 "r['error']['op'] == 'write'" "r['error']['side'] == 'destination'" \
     "r['changed']" -- "$src" "$full"
serve_faulty unsafe --mode=flush-error "$tmp/copy"
tell 1 "r['error']['op'] == 'flush'" "r['error']['offset'] is None" \
     "not r['flushed']" -- "$src" "$unsafe"
expect_fired unsafe

# Failures that are retried.
serve_faulty hiccups --mode=read-error --offset=1500000 --times=1 \
           "$tmp/disk"
tell 0 "r['retries'] >= 1" -- --retries=3 --retry-wait=0.01 "$hiccups" "$dst"
expect_events "of ('retry')[0]['side'] == 'source'" \
              "of ('retry')[0]['op'] == 'read'" \
              "of ('retry')[0]['attempt'] == 1" "of ('warning')"

# A signal, while no read is answered.
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_logged held_src -r "${held[@]}"
rm -f "$tmp/events" "$tmp/report" "$tmp/status"
start_copy --events="$tmp/events" --report="$tmp/report" \
           --status-file="$tmp/status" -T 1 -R 1 "$held_src" "$dst"
wait_until has_request held_src Read
kill -TERM "$copy_pid"
wait_until signal_is_taken
open_gate "$tmp/gate"
wait_copy
[ $code -eq 143 ] || fail "exit status $code"
check_told "r['status'] == 'failed'" "'signal 15' in r['error']['message']" \
           "r['bytes']['data'] < r['bytes']['total']"
