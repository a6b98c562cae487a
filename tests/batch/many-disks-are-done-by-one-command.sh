#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many disks with 8 jobs and 3 groups; a tenth of them is on a server that is
# only started when each of these disks has failed once.  One command copies
# all.  MANY_DISKS=200 sets their number; the memory of the process is measured.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file

many=${MANY_DISKS:-60}
late=$((many / 10))

mkdir "$tmp/from" "$tmp/to"
make_data "$tmp/all" $((many * 65536))
split -b 65536 -d -a 4 "$tmp/all" "$tmp/from/"
for group in one two three; do
  serve_nbdkit $group -r file dir="$tmp/from"
done
for ((i = 0; i < many; i++)); do
  printf -v name %04d $i
  case $((i % 3)) in 0) group=one ;; 1) group=two ;; 2) group=three ;; esac
  server=$group
  [ $((i % 10)) -ne 5 ] || server=late
  echo "$([ $i -eq 0 ] && echo '[' || echo ',') { \"disk\": \"$server $name\"," \
       "\"source\": \"nbd+unix:///$name?socket=$tmp/$server.sock\"," \
       "\"destination\": \"$tmp/to/$name\", \"group\": \"$group\" }"
done > "$tmp/manifest"
echo ']' >> "$tmp/manifest"

all_late_have_failed ()
{
  [ "$(grep -c '^stripecopy: disk late .*; attempt 2 of' "$errors")" -eq $late ]
}

[ -z "${MANY_DISKS:-}" ] || wrapper=(/usr/bin/time -v -o "$tmp/time")
start_copy --manifest="$tmp/manifest" --jobs=8 --jobs-per-group=3 \
           --attempts=999 --attempt-wait=1 --report="$tmp/report"
wait_until all_late_have_failed
serve_nbdkit late -r file dir="$tmp/from"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_error "^stripecopy: $many of $many disks are done\$"
diff -rq "$tmp/from" "$tmp/to" > "$tmp/differ" || fail "$(< "$tmp/differ")"
expect_json manifest-report "$tmp/report" "len (r['disks']) == $many" \
  "all (d['exit'] == 0 for d in r['disks'])" \
  "all ((d['attempts'] > 1) == d['disk'].startswith ('late')
        for d in r['disks'])" \
  "r['bytes']['data'] == $((many * 65536))"
[ ! -e "$tmp/time" ] || cat "$tmp/time"
