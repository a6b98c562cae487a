#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --attempts: a copy that is killed, as for lack of memory, is started again; a
# copy that a user ends by SIGTERM is not.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires_plugin file
requires_bare_binary "reports of killed copies are not checked"
requires ps

make_data "$tmp/disk" 4M
for name in killed ended; do
  serve_logged $name -r file "$tmp/disk"
  [ $name = ended ] || echo '['
  [ $name = killed ] || echo ,
  echo "{ \"disk\": \"$name\", \"source\": \"${!name}\"," \
       "\"destination\": \"$tmp/$name.copy\", \"bwlimit\": \"@$tmp/rate\" }"
done > "$tmp/manifest"
echo ']' >> "$tmp/manifest"
echo 1k > "$tmp/rate"

# signal_copy SIGNAL DISK
signal_copy ()
{
  local pid
  for pid in $(ps -o pid= --ppid "$copy_pid"); do
    ! tr '\0' '\n' < "/proc/$pid/cmdline" | grep -qx -e "--disk=$2" ||
      kill "-$1" "$pid"
  done
}

start_copy --manifest="$tmp/manifest" --jobs=2 --attempts=2 \
           --attempt-wait=0.1 --report="$tmp/report"
wait_until has_request killed Read
wait_until has_request ended Read
signal_copy TERM ended
signal_copy KILL killed
wait_until grep -q 'disk killed: the copy was killed .*; attempt 2 of 2' \
           "$errors"
wait_until grep -q 'disk ended: the copy was killed by signal 15' "$errors"
set_rate none
wait_copy
[ $code -eq 1 ] || fail "exit status $code"
expect_identical "$tmp/disk" "$tmp/killed.copy"
expect_json manifest-report "$tmp/report" \
  "[ (d['exit'], d['attempts']) for d in r['disks'] ] == [ (0, 2), (143, 1) ]"
