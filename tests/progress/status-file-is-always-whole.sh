#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A reader of the status file finds one whole event at any moment, and never an
# older one than before.

. "$(dirname "$0")/../lib/test.sh"
requires python3
requires_plugin file

make_disks 16

# The reads are answered once the reader has seen some events.
hold_reads_at "$tmp/disk" "$tmp/first_gate"
open_gate_when "$tmp/first_gate" test -e "$tmp/enough"
serve_nbdkit src -r "${held[@]}"

cat > "$tmp/look.py" << 'END'
import json, os, sys
name, enough = sys.argv[1:]
seen, looks, last = set (), 0, -1
while True:
    try:
        with open (name, "rb") as f:
            text = f.read ()
    except FileNotFoundError:
        if last == -1:
            continue                    # the copy has not begun
        raise
    assert text.count (b"\n") == 1 and text.endswith (b"\n"), text
    event = json.loads (text)
    assert event["seq"] >= last, (event, last)
    last = event["seq"]
    seen.add (last)
    looks += 1
    if len (seen) == 15:
        open (enough, "w").close ()
    if event["ev"] == "end":
        break
print (len (seen), looks)
END
timeout "$limit" python3 "$tmp/look.py" "$tmp/status" "$tmp/enough" \
        > "$tmp/seen" 2>&1 &
looking=$!
start_copy --status-file="$tmp/status" --interval=0.1 -T 1 -R 1 \
           --request-size=128k "$src" null:
wait "$looking" || fail "$(cat "$tmp/seen")"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
read -r seen looks < "$tmp/seen"
[ "$seen" -gt 15 ] || fail "only $seen events were seen, in $looks looks"
[ "$(stat -c %a "$tmp/status")" = 644 ] || [ "$(umask)" != 0022 ] ||
  fail "the mode of the status file is $(stat -c %a "$tmp/status")"
left=$(compgen -G "$tmp/status.*") || :
[ -z "$left" ] || fail "left behind: $left"

# While it cannot be written, there is one warning, and the copy goes on.  Later
# it has the last event.
mkdir "$tmp/folder"
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_nbdkit held_src "${held[@]}"
start_copy --status-file="$tmp/folder/status" --interval=0.1 "$held_src" \
           "$tmp/new"
wait_until test -e "$tmp/folder/status"
mv "$tmp/folder" "$tmp/elsewhere"      # removing it takes several steps
wait_until grep -q 'warning: --status-file' "$errors"
mkdir "$tmp/folder"
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
[ "$(grep -c 'warning: --status-file' "$errors")" -eq 1 ] ||
  fail "there is not one warning"
expect_identical "$tmp/disk" "$tmp/new"
grep -q '"ev":"end"' "$tmp/folder/status" ||
  fail "the status file has no end: $(cat "$tmp/folder/status")"
