#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --jobs-per-group limits the running copies of each group, and neither a full
# group nor a slow disk delays copies of other groups.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin eval
requires_filter log

make_data "$tmp/disk" 1M
hold_reads_at "$tmp/disk" "$tmp/gate"

# copy NAME GROUP WORD...: prints an entry with a server that has these words.
copy ()
{
  local name=$1 group=$2 words=
  shift 2
  printf -v words ', "%s"' "${@//\\/\\\\}"
  echo "{ \"disk\": \"$name\", ${group:+\"group\": \"$group\",}" \
       "\"source\": [ \"nbdkit\", \"--filter=log\", \"-r\" ${words//$'\n'/\\n}," \
       "\"logfile=$tmp/$name.requests\" ], \"destination\": \"$tmp/$name.copy\" }"
}

# The first copy of the first group waits at a gate.
{
  echo '['
  copy a1 a "${held[@]}"
  for name in a2 a3 a4; do echo ,; copy $name a file "$tmp/disk"; done
  for name in b1 b2 b3; do echo ,; copy $name b file "$tmp/disk"; done
  echo ,
  copy c '' file "$tmp/disk"
  echo ']'
} > "$tmp/manifest"

all_done ()
{
  local name
  for name; do
    cmp -s "$tmp/disk" "$tmp/$name.copy" || return 1
  done
}

start_copy --manifest="$tmp/manifest" --jobs=8 --jobs-per-group=1
wait_until all_done b1 b2 b3 c
! copy_has_ended || fail "the copy that was held has ended"
! all_done a2 || fail "two copies of a full group"
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
all_done a1 a2 a3 a4 || fail "the full group is not done"

# Prints how many servers of a group had connections at the same time.
most ()
{
  local name
  for name; do
    grep -hoE '^[-0-9]+ [0-9:.]+ .* (Connect|Disconnect|Preconnect)' \
         "$tmp/$name.requests" | cut -d' ' -f1,2 | sort > "$tmp/times"
    echo "$(head -n 1 "$tmp/times") 1"
    echo "$(tail -n 1 "$tmp/times") -1"
  done | sort | awk '{ n += $3; if (n > most) most = n } END { print most }'
}
[ "$(most a1 a2 a3 a4)" -eq 1 ] || fail "more than one copy of group a"
[ "$(most b1 b2 b3)" -eq 1 ] || fail "more than one copy of group b"
expect_no_leftovers
