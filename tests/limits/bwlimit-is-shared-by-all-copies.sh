#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --bwlimit with --manifest limits the bytes per second of all copies together.
# A copy's own limit holds as well, and a copy that cannot use its share leaves
# it to the others.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

now_ms () { echo $(($(date +%s%N) / 1000000)); }
said () { grep -qE -e "$1" "$errors"; }

# copies MORE NAME...: writes a manifest of copies with these members.
copies ()
{
  local more=$1 name comma='['
  shift
  for name; do
    rm -f "$tmp/$name.copy"
    echo "$comma { \"disk\": \"$name\", \"source\": \"$tmp/disk\"," \
         "\"destination\": \"$tmp/$name.copy\" $more }"
    comma=','
  done > "$tmp/manifest"
  echo ']' >> "$tmp/manifest"
}

# took_for BYTES RATE ARGS...: runs the manifest, and checks that it took at
# least the time that BYTES need, less the bytes that may be saved up.  There is
# no upper limit: that depends on the machine.
took_for ()
{
  local start least=$(($1 * 1000 / $2 - 50))
  shift 2
  start=$(now_ms)
  copy_ok --manifest="$tmp/manifest" "$@"
  took=$(($(now_ms) - start))
  [ "$took" -ge "$least" ] || fail "it took $took ms, not $least: $*"
}

make_data "$tmp/disk" 1M

# Four processes have one limit, not one each.
copies '' a b c d
took_for 4194304 8388608 --jobs=4 --bwlimit=8M
for name in a b c d; do
  expect_identical "$tmp/disk" "$tmp/$name.copy"
done

# Both limits hold: that of each copy is lower, then that of all together.
copies ', "bwlimit": "2M"' a b
took_for 1048576 2097152 --jobs=2 --bwlimit=8M
copies ', "bwlimit": "64M"' a b
took_for 2097152 4194304 --jobs=2 --bwlimit=4M

# At this rate the copies would take an hour.  A new one reaches all of them.
copies '' a b
echo 1k > "$tmp/rate"
start_copy -v --manifest="$tmp/manifest" --jobs=2 --bwlimit=@"$tmp/rate"
wait_until test -s "$tmp/a.copy"
set_rate rubbish
wait_until said 'warning: --bwlimit=@.*/rate: not a number: the rate stays'
echo none > "$tmp/rate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
said 'limit of all copies: none' || fail "the limit was not lifted"
[ "$(grep -c 'warning:' "$errors")" -eq 1 ] || fail "there is not one warning"

# A copy whose source hangs, and one that is killed, hold nothing that the
# other copy needs.
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_nbdkit slow "${held[@]}"
copies '' a b c
sed -i "1s|\"source\": \"[^\"]*\"|\"source\": \"$slow\"|" "$tmp/manifest"
rm -f "$tmp/events"
start_copy --manifest="$tmp/manifest" --jobs=2 --bwlimit=8M \
           --events="$tmp/events"
wait_until cmp -s "$tmp/disk" "$tmp/b.copy"
pid=$(grep '"ev":"start","disk":"a"' "$tmp/events" | grep -o '"pid":[0-9]*')
kill -KILL "${pid#*:}"
wait_copy
[ $code -eq 1 ] || fail "exit status $code"
said '^stripecopy: disk a: the copy was killed by signal 9' || fail "a lived on"
for name in b c; do
  expect_identical "$tmp/disk" "$tmp/$name.copy"
done
open_gate "$tmp/gate"
