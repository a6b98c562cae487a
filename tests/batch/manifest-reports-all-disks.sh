#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --manifest writes one stream of events, which name their disk, and one report
# with all disks, also if a copy fails, crashes or is never begun.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file
requires_filter delay

tells=(--events="$tmp/events" --report="$tmp/report")

# manifest ENTRY...
manifest ()
{
  local entry comma='['
  for entry; do
    echo "$comma { $entry }"
    comma=,
  done > "$tmp/manifest"
  echo ']' >> "$tmp/manifest"
  rm -f "$tmp/events" "$tmp/report"
}

# The report, against its own schema.
expect_reports () { expect_json manifest-report "$tmp/report" "$@"; }

make_disks 16
for i in 1 2; do
  entries+=("\"disk\": \"disk $i\", \"source\": \"$tmp/disk\",
             \"destination\": \"$tmp/copy$i\"")
done
secret=hunter2
manifest "${entries[0]}" \
         "\"disk\": \"bad\", \"destination\": \"null:\",
          \"source\": [ \"false\", \"password=$secret\" ]" "${entries[1]}"
run_copy "${tells[@]}" --interval=0.1 --manifest="$tmp/manifest" --jobs=2
[ $code -eq 1 ] || fail "exit status $code"
expect_reports "[ (d['disk'], d['status'], d['exit']) for d in r['disks'] ] ==
                [ ('disk 1', 'ok', 0), ('bad', 'failed', 1),
                  ('disk 2', 'ok', 0) ]" \
               "r['exit'] == 1 and r['status'] == 'failed' and r['changed']" \
               "r['bytes']['data'] == 2 * r['disks'][0]['bytes']['data']" \
               "r['bytes']['total'] is None and r['error'] is None" \
               "r['disks'][1]['error']['message']"
expect_events \
  "{ x['disk'] for x in e if 'disk' in x } == { 'disk 1', 'bad', 'disk 2' }" \
  "{ x['ev'] for x in e[:-1] if 'disk' not in x } == { 'batch' }" \
  "e[-1]['ev'] == 'end' and e[-1]['disks']['failed'] == 1" \
  "e[-1]['exit'] == 1 and 'disk' not in e[-1]" \
  "[ x['seq'] for x in e ] == list (range (len (e)))" \
  "all ([ x['ev'] for x in e if x.get ('disk') == d ][i] == ev
        for d in ('disk 1', 'disk 2') for i, ev in ((0, 'start'), (-1, 'end')))"
! grep -q $secret "$tmp/events" "$tmp/report" "$errors" || fail "a secret"

# The same on descriptors, with copies that succeed.
manifest "${entries[@]}"
copy_ok --events=7 --report=- --manifest="$tmp/manifest" --jobs=2 \
        7> "$tmp/events"
cp "$output" "$tmp/report"
expect_reports "r['exit'] == 0 and r['status'] == 'ok'" \
               "r['bytes']['total'] == 2 * 16 * 1048576"
expect_events "e[-1]['status'] == 'ok'"

# No copy is begun: a damaged manifest, and --plan.
copy_ok "${tells[@]}" --plan --manifest="$tmp/manifest"
expect_reports "r['status'] == 'planned' and len (r['disks']) == 2"
manifest 'source'
run_copy "${tells[@]}" --manifest="$tmp/manifest"
[ $code -eq 2 ] || fail "exit status $code"
expect_reports "r['exit'] == 2 and r['disks'] == []" \
               "'line 1' in r['error']['message']"
expect_events "[ x['exit'] for x in e ] == [ 2 ]"

# Events and reports are not written over a disk.
manifest "${entries[@]}"
cp "$tmp/disk" "$tmp/before"
for option in --events --report; do
  copy_fails 2 "^stripecopy: .*: $option=.*: is the same file as source" \
             --manifest="$tmp/manifest" $option="$tmp/disk"
done
expect_identical "$tmp/before" "$tmp/disk"

# One copy is killed, and the next one is never begun.
serve_logged slow --filter=delay -r file "$tmp/disk" delay-read=86400
manifest "\"source\": \"$slow\", \"destination\": \"null:\"" "${entries[@]}"
start_copy "${tells[@]}" --manifest="$tmp/manifest"
wait_until has_request slow Read
until copy_has_ended; do
  kill -TERM "$copy_pid" 2> "$tmp/kill" || :
  pause 0.05
done
wait_copy
[ $code -eq $((128 + 15)) ] || fail "exit status $code"
expect_reports "r['exit'] == 143" \
               "[ d['exit'] for d in r['disks'] ] == [ 143, None, None ]" \
               "r['disks'][2]['status'] == 'incomplete'"
