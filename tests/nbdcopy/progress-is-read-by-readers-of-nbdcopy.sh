#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs that read nbdcopy's progress can read ours: Forklift, which looks for
# a percentage before a bar, and programs that split N/100.

. "$(dirname "$0")/../lib/test.sh"
requires python3
requires_plugin file
requires_filter delay

make_disks 16
serve_nbdkit src --filter=delay -r file "$tmp/disk" delay-read=60ms
cat > "$tmp/read.py" << 'END'
import re, sys

# The pattern of Forklift's virt-v2v-monitor: .+ and a blank, digits, %, a bar
# in brackets.
bar = re.compile (r".+ (\d+)% \[[*-]+\]")
lines, split = [], []
with open (sys.argv[1], encoding="utf-8", newline="") as f:
    for line in re.split (r"[\r\n]", f.read ()):
        found = bar.match (line)
        if found:
            lines.append (int (found.group (1)))
        assert not ("%" in line and "[" in line) or found, line
with open (sys.argv[2], encoding="utf-8") as f:
    for line in f:
        number, whole = line.split ("/")
        assert int (whole) == 100, line
        split.append (int (number))
for numbers in lines, split:
    assert numbers == sorted (numbers), numbers
    assert numbers[-1] == 100 and numbers.count (100) == 1, numbers
    assert len (set (numbers)) >= 4, numbers
assert split[0] == 0, split
END

slowly=(-T 1 -R 1 --request-size=64k --interval=0.1)
copy_ok -p "${slowly[@]}" "$src" null:
cp "$errors" "$tmp/lines"
copy_ok --progress=3 "${slowly[@]}" "$src" null: 3> "$tmp/split"
python3 "$tmp/read.py" "$tmp/lines" "$tmp/split" 2> "$tmp/problem" ||
  fail "$(cat "$tmp/problem")"

# The bar on a terminal has the same form.
if command -v script > /dev/null; then
  timeout "$limit" script -qec \
    "${wrapper[*]} '$stripecopy' -p ${slowly[*]} '$src' null:" "$tmp/screen" \
    < /dev/null > "$output" 2> "$errors" || fail "exit status $?"
  python3 "$tmp/read.py" "$tmp/screen" "$tmp/split" 2> "$tmp/problem" ||
    fail "$(cat "$tmp/problem")"
fi
