#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy of changes that was killed is resumed from its map, with the same
# context and --source-id only: a bitmap of another time is another copy.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file

make_changes 4 12 16777216
map=(--map="$tmp/map" --map-interval=1)
serve_nbdkit dst file "$tmp/copy"

has_finished ()
{
  [ -s "$tmp/map" ] && [ "$(finished_bytes "$tmp/map")" -gt 1000000 ]
}

# Killed while the source is silent, after half of its reads.
serve_changes src --mode=stall --after=24 --times=1 "$tmp/disk"
start_copy "${map[@]}" --source-id=monday -T 1 -C 1 --request-size=262144 \
           "$changed" "$src" "$dst"
wait_until has_finished
kill -KILL "$copy_pid"
wait_copy
expect_bytes_of old want
! cmp -s "$tmp/want" "$tmp/copy" || fail "the copy had ended before"
stop_server src

serve_changes src "$tmp/disk"
for other in "--source-id=tuesday $changed" \
             "--source-id=monday" \
             "--source-id=monday --changed=qemu:allocation-depth"; do
  read -r -a words <<< "$other"
  [[ $other != *depth ]] ||
    serve_faulty src --context=qemu:allocation-depth \
                 --changes="$tmp/changes" "$tmp/disk"
  cp "$tmp/copy" "$tmp/before"
  copy_fails 6 'map is for a different copy' "${map[@]}" "${words[@]}" "$src" \
             "$dst"
  expect_identical "$tmp/before" "$tmp/copy"
done

# The rest: finished ranges are not read again.
serve_changes src "$tmp/disk"
finished=$(finished_bytes "$tmp/map")
copy_ok "${map[@]}" --source-id=monday "$changed" \
        --report="$tmp/report" -T 3 -C 3 "$src" "$dst"
expect_identical "$tmp/want" "$tmp/copy"
[ "$finished" -gt 0 ] || fail "nothing was finished"
grep -qE '"resumed":[1-9]' "$tmp/report" || fail "nothing was resumed"
expect_only_changes_touched src
copy_ok "${map[@]}" --source-id=monday "$changed" \
        --report="$tmp/report" "$src" "$dst"
grep -q '"status":"unchanged"' "$tmp/report" || fail "there was more to do"
