#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --jobs=2: two copies run at the same time, never more, and share the
# processors and the memory.  Signals are passed on to both.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_filter log

status_lines () { grep -c '%' "$errors" || :; }
has_begun () { [ -s "$tmp/$1.requests" ] && has_request "$1" Read; }
has_status_lines () { [ "$(status_lines)" -ge "$1" ]; }

# copies NAME...: adds a slow copy from a logged server for each name.
copies ()
{
  local name comma='['
  for name; do
    rm -f "$tmp/$name.requests"
    echo "$comma { \"disk\": \"$name\", \"bwlimit\": \"@$tmp/rate\"," \
         "\"source\": [ \"nbdkit\", \"--filter=log\", \"-r\", \"file\"," \
         "\"$tmp/disk\", \"logfile=$tmp/$name.requests\" ]," \
         "\"destination\": \"$tmp/$name.copy\" }"
    comma=','
  done
  echo ']'
}

make_data "$tmp/disk" 4M
copies a b c d e > "$tmp/manifest"
echo 1k > "$tmp/rate"           # no copy ends at this rate
start_copy -v --manifest="$tmp/manifest" --jobs=2
wait_until has_begun a
wait_until has_begun b

# Each copy prints a line at SIGUSR1 to the first process, which had time to
# begin more copies by then.
kill -USR1 "$copy_pid"
wait_until has_status_lines 2
expect_error '^stripecopy: 0 of 5 disks are done, 2 running, 3 waiting, 0 failed$'
[ ! -e "$tmp/c.requests" ] || fail "three copies at the same time"
[ "$(status_lines)" -eq 2 ] || fail "not one status line for each"
! copy_has_ended || fail "it ended at SIGUSR1"

set_rate none
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
for name in a b c d e; do
  expect_identical "$tmp/disk" "$tmp/$name.copy"
done

# Prints how many servers had a connection at the same time, by their logs.
for name in a b c d e; do
  grep -hoE '^[-0-9]+ [0-9:.]+ .* (Connect|Disconnect|Preconnect)' \
       "$tmp/$name.requests" | cut -d' ' -f1,2 | sort > "$tmp/times"
  echo "$(head -n 1 "$tmp/times") 1"
  echo "$(tail -n 1 "$tmp/times") -1"
done | sort | awk '{ n += $3; if (n > most) most = n } END { print most }' \
            > "$tmp/most"
[ "$(< "$tmp/most")" -eq 2 ] || fail "$(< "$tmp/most") copies at the same time"

share=$(($(nproc) / 2 > 1 ? $(nproc) / 2 : 1))
workers=$(grep -oE 'plan: .* workers=[0-9]+' "$errors" | grep -oE '[0-9]+$' |
            sort -n | tail -n 1)
[ "$workers" -le "$share" ] ||
  fail "a copy has $workers workers, not $share at most"

# With four copies at a time, no worker may have more than a quarter of 128 MiB.
copies a b c d > "$tmp/manifest"
copy_ok -v --manifest="$tmp/manifest" --jobs=4
queue=$(grep -oE 'plan: .* queue-size=[0-9]+' "$errors" | grep -oE '[0-9]+$' |
          sort -n | tail -n 1)
[ "$queue" -le $((32 << 20)) ] || fail "a worker may have $queue in flight"

# Both copies end, no other one begins, and the first process ends by that
# signal.
copies a b c > "$tmp/manifest"
echo 1k > "$tmp/rate"
start_copy --manifest="$tmp/manifest" --jobs=2
wait_until has_begun a
wait_until has_begun b
kill -TERM "$copy_pid"
wait_copy
[ $code -eq $((128 + 15)) ] || fail "exit status $code"
for name in a b; do
  expect_error "^stripecopy: disk $name: ended by signal 15"
done
[ ! -e "$tmp/c.requests" ] || fail "another copy began after the signal"
expect_no_leftovers

# The limit of open files is raised to what so many copies need, or they are
# refused.
for i in {1..30}; do
  echo "$([ $i -eq 1 ] && echo '[' || echo ',') { \"source\": \"$tmp/disk\"," \
       "\"destination\": \"null:\", \"bwlimit\": \"@$tmp/rate\" }"
done > "$tmp/manifest"
echo ']' >> "$tmp/manifest"
all_run ()
{
  grep -q 'cannot start' "$errors" ||
    [ "$(grep -c '"ev": *"start"' "$tmp/events")" -eq 30 ]
}
many=(--manifest="$tmp/manifest" --jobs=30 --events="$tmp/events"
      --report="$tmp/report")
command=("${wrapper[@]}")
wrapper=(bash -c 'ulimit -Sn 60; exec "$@"' - "${command[@]}")
echo 1k > "$tmp/rate"
start_copy "${many[@]}"
wait_until all_run
set_rate none
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
wrapper=(bash -c 'ulimit -n 60; exec "$@"' - "${command[@]}")
copy_fails 2 '^stripecopy: --jobs=30 needs 154 open files, .* can have 60 ' \
           "${many[@]}"
