#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs that read nbdcopy's progress can read ours: Forklift, which looks for
# a percentage before a bar, and programs that split N/100.

. "$(dirname "$0")/../lib/test.sh"
requires python3
requires_plugin eval

make_data "$tmp/disk" 16M

# serve_quarters NAME FILE: serves the disk in steps: reads of a quarter wait
# until the progress in FILE shows that the quarters before it are done.
serve_quarters ()
{
  local name=$1 n
  for n in 1 2 3; do
    make_gate "$tmp/$name.gate$n"
    open_gate_when "$tmp/$name.gate$n" \
                   grep -qs -e "^$((25 * n))/100" -e " $((25 * n))% " "$2"
  done
  serve_nbdkit "$name" eval get_size='echo 16M' \
    pread="n=\$((\$4 / 4194304))
           [ \$n -eq 0 ] || : < '$tmp/$name.gate'\$n
           dd if='$tmp/disk' bs=64k iflag=skip_bytes,count_bytes skip=\$4 \
              count=\$3 status=none"
}

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

slowly=(-T 1 -R 1 --request-size=1M --interval=0.1)
serve_quarters lines "$errors"
copy_ok -p "${slowly[@]}" "$lines" null:
cp "$errors" "$tmp/lines"
serve_quarters split "$tmp/split"
copy_ok --progress=3 "${slowly[@]}" "$split" null: 3> "$tmp/split"
python3 "$tmp/read.py" "$tmp/lines" "$tmp/split" 2> "$tmp/problem" ||
  fail "$(cat "$tmp/problem")"

# The bar on a terminal has the same form.
if command -v script > /dev/null; then
  serve_quarters screen "$tmp/screen"
  timeout "$limit" script -qefc \
    "${wrapper[*]} '$stripecopy' -p ${slowly[*]} '$screen' null:" \
    "$tmp/screen" < /dev/null > "$output" 2> "$errors" || fail "exit status $?"
  python3 "$tmp/read.py" "$tmp/screen" "$tmp/split" 2> "$tmp/problem" ||
    fail "$(cat "$tmp/problem")"
fi
