#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --attempts=N: a copy that fails each time is started N times.  A signal ends a
# batch that only waits for the next attempt, or for other runs.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas

cat > "$tmp/manifest" << END
[ { "disk": "one", "source": "nbd+unix:///?socket=$tmp/none",
    "destination": "$tmp/copy" },
  { "disk": "two", "source": "$tmp/none", "destination": "null:" } ]
END
expect_attempts ()
{
  expect_json manifest-report "$tmp/report" \
    "[ d['exit'] for d in r['disks'] ] == [ 1, 1 ]" \
    "[ d['attempts'] for d in r['disks'] ] == [ $1, $1 ]" \
    "[ d['again'] for d in r['disks'] ] == [ 'retry', 'retry' ]"
}

for report in '' --report="$tmp/report"; do
  copy_fails 1 '^stripecopy: disk one: the copy exited with status 1$' \
             --manifest="$tmp/manifest" --attempts=3 --attempt-wait=0.1 \
             --jobs=2 ${report:+"$report"}
  for i in 2 3; do
    expect_error "^stripecopy: disk two: .* with status 1; attempt $i of 3 begin"
  done
  [ "$(grep -c 'exited with' "$errors")" -eq 6 ] || fail "not three attempts"
done
expect_attempts 3

comes_again () { grep -q "disk $1: .*; attempt 2 of 2 begins in" "$errors"; }
start_copy --manifest="$tmp/manifest" --attempts=2 --attempt-wait=86400 \
           --report="$tmp/report"
wait_until comes_again one
wait_until comes_again two
kill -TERM "$copy_pid"
wait_copy
[ $code -eq 143 ] || fail "exit status $code"
expect_attempts 1

# A plan is made once.
copy_fails 1 '^stripecopy: 0 of 2 disks can be done$' --plan \
           --manifest="$tmp/manifest" --attempts=2 --attempt-wait=86400

# A signal also ends a batch that waits for other runs, even if looking at all
# of their maps takes longer than --attempt-wait.
[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 6100 ] ||
  skip "not enough files can be open for the part about other runs"
mkdir "$tmp/maps" "$tmp/to"
comma='['
for ((i = 0; i < 6000; i++)); do
  echo "$comma { \"source\": \"$tmp/none\"," \
       "\"destination\": \"$tmp/to/$i\", \"map\": \"$tmp/maps/$i\" }"
  comma=','
done > "$tmp/manifest"
echo ']' >> "$tmp/manifest"
ulimit -Sn 6100
python3 -IS -c 'import fcntl, sys, time
maps = [ open (f"{sys.argv[1]}/{i}", "w") for i in range (6000) ]
for m in maps:
    fcntl.flock (m, fcntl.LOCK_EX)
print ("locked", flush=True)
time.sleep (86400)' "$tmp/maps" > "$tmp/locks" &
servers+=($!)
wait_until grep -q locked "$tmp/locks"
start_copy --manifest="$tmp/manifest" --attempts=2 --attempt-wait=0.1
wait_until grep -q 'disk 6000: waiting for another run' "$errors"
kill -TERM "$copy_pid"
wait_copy
[ $code -eq 143 ] || fail "exit status $code"
