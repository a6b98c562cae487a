#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --status-file with --manifest has the numbers of all copies and each running
# one.  Without a terminal, -p prints one line for all, and --progress=FD N/100.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file

make_data "$tmp/disk" 256k
manifest ()
{
  local name comma='['
  for name; do
    rm -f "$tmp/$name.copy"
    echo "$comma { \"disk\": \"$name\", \"source\": \"$tmp/disk\"," \
         "\"destination\": \"$tmp/$name.copy\" }"
    comma=','
  done > "$tmp/manifest"
  echo ']' >> "$tmp/manifest"
}

# No copy ends at the first rate.
manifest a b c
echo 1k > "$tmp/rate"
start_copy -p --interval=0.1 --manifest="$tmp/manifest" --jobs=2 \
           --bwlimit=@"$tmp/rate" --status-file="$tmp/status" \
           --events="$tmp/events"
begun='"running":[[]{"disk":"a","phase":"copy",.*{"disk":"b","phase":"copy",'
wait_until grep -qs "$begun" "$tmp/status"
cp "$tmp/status" "$tmp/during"
wait_until grep -q '0 of 3 disks done, 2 running, 1 waiting, 0 failed: ' "$errors"
set_rate none
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_events "sum (x['ev'] == 'batch' for x in e) >= 2" \
  "all ('disk' not in x for x in e if x['ev'] == 'batch')" \
  "[ x['seq'] for x in e ] == list (range (len (e)))" \
  "[ x['disks']['done'] for x in e if x['ev'] == 'batch' ][-1] == 3" \
  "[ x['total'] for x in e if x['ev'] == 'batch' ][-1] == 3 * 262144" \
  "[ x['percent'] for x in e if x['ev'] == 'batch' ][-1] == 100"
cp "$tmp/status" "$tmp/end"
expect_json events "$tmp/during" \
  "len (e) == 1 and e[0]['ev'] == 'batch' and e[0]['total'] is None" \
  "e[0]['disks'] == { 'all': 3, 'done': 0, 'running': 2, 'waiting': 1,
                      'again': 0, 'failed': 0, 'not_started': 0 }" \
  "[ (c['disk'], c['total']) for c in e[0]['running'] ] ==
   [ ('a', 262144), ('b', 262144) ]"
expect_json events "$tmp/end" \
  "len (e) == 1 and e[0]['ev'] == 'end' and e[0]['exit'] == 0" \
  "e[0]['disks']['done'] == 3 and e[0]['bytes']['data'] == 3 * 262144"
expect_error '^100%  3 of 3 disks done, 0 running, 0 waiting, 0 failed: 768.0 KiB of'

# 100/100 means that all are done.
manifest a b
copy_ok --manifest="$tmp/manifest" --progress=7 7> "$tmp/progress"
grep -qxE '[0-9]{1,2}/100' "$tmp/progress" || fail "no line before the end"
[ "$(tail -n 1 "$tmp/progress")" = 100/100 ] || fail "the end is not 100/100"
manifest a b
sed -i "1s|\"source\": \"[^\"]*\"|\"source\": \"$tmp/none\"|" "$tmp/manifest"
copy_fails 1 '^stripecopy: 1 of 2 disks are done' --manifest="$tmp/manifest" \
           --status-file="$tmp/status" --progress=7 7> "$tmp/progress"
[ "$(tail -n 1 "$tmp/progress")" = 50/100 ] || fail "100/100 after a failure"
expect_json events "$tmp/status" "e[0]['disks']['failed'] == 1"

# What cannot be written is refused before any copy begins.
manifest a
copy_fails 2 '^stripecopy: --status-file=.*/none/s: No such file' \
           --manifest="$tmp/manifest" --status-file="$tmp/none/s"
copy_fails 2 '^stripecopy: --progress=9: Bad file' \
           --manifest="$tmp/manifest" --progress=9
[ ! -e "$tmp/a.copy" ] || fail "a copy has begun"
