#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# -p with --manifest on a terminal: a line for each running copy and one for all
# are redrawn in place.  They follow the size of the window, and messages of the
# copies stay above them.  Ctrl-Z stops the copies, too, and what the shell
# prints then stays above.

. "$(dirname "$0")/../lib/test.sh"
requires python3
requires_plugin file

make_data "$tmp/disk" 1M
entries=
for name in first second Datenträger-für-日本語-mit-langem-Namen-Nummer-3 \
            missing last; do
  source=$tmp/disk
  [ $name != missing ] || source=$tmp/none
  entries+=", { \"disk\": \"$name\", \"source\": \"$source\",
              \"destination\": \"$tmp/new.${#entries}\" }"
done
echo "[ ${entries:1} ]" > "$tmp/manifest"
echo 1k > "$tmp/rate"           # no copy ends at this rate

cat > "$tmp/watch.py" << 'END'
import os, re, signal, sys, time
sys.path.insert (0, sys.argv[1])
from terminal import Terminal

def lines (t):
    return [ line for line in t.lines if line.strip () ]

def parent_and_state (pid):
    try:
        with open (f"/proc/{pid}/stat") as f:
            words = f.read ().rsplit (") ", 1)[1].split ()
        return int (words[1]), words[0]
    except FileNotFoundError:
        return 0, ""

def children (parent):
    return [ int (pid) for pid in os.listdir ("/proc")
             if pid.isdigit () and parent_and_state (pid)[0] == parent ]

tmp, command = sys.argv[2], sys.argv[3:]
t = Terminal (100, 24, command)
t.wait_for (r"^first  +0% \[-+\] .*\nsecond  +0% ")
t.wait_for (r"^Datenträger-für\.\.\.-Namen-Nummer-3 +0% \[")

# The copy that fails: its two messages are above the lines, which are below.
t.wait_for (r"^stripecopy: disk missing: source .*: cannot open it: .*\n"
            r"stripecopy: disk missing: the copy exited with status 1\n"
            r"first .*\nsecond .*\nDaten.*\nlast .*\n"
            r"  0%  0 of 5 disks done, 4 running, 0 waiting, 1 failed: .* left$")

# A window of four lines and 40 columns: two copies, the others, all of them.
t.resize (40, 4)
t.wait_for (r"\n\.\.\. and 2 more\n  0%  0 of 5 disks done.*\Z")
below = t.screen ().split ("status 1\n")[1].split ("\n")
assert len (below) == 4, below
assert all (t.cells (line) < 40 for line in below), below
program, = children (t.pid)
os.kill (program, signal.SIGUSR1)
t.wait_for (r"are done, 4 running, .*(\n.*)*\n\.\.\. and 2 more\n  0%  .*\Z")
t.resize (100, 24)
t.wait_for (r"\nfirst .*\nsecond .*\nDaten.*\nlast .*\n  0%  .*left\Z")

# Ctrl-Z.
copies = children (program)
assert len (copies) >= 4, copies
os.write (t.fd, b"\x1a")
t.wait_for (r"stopped\n\Z")
while { parent_and_state (pid)[1] for pid in copies } != { "T" }:
    time.sleep (0.01)
os.write (t.fd, b"\n")
t.wait_for (r"going on\nfirst .*\nsecond .*\nDaten.*\nlast .*\n  0%  .*left\Z")
assert "T" not in { parent_and_state (pid)[1] for pid in copies }

with open (tmp + "/rate", "w") as f:
    f.write ("none")
status = t.end ()
assert status == 1, status
screen = t.screen ()
assert re.search (r"\n 80%  4 of 5 disks done, 0 running, 0 waiting, 1 failed: .*\n"
                  r"stripecopy: 4 of 5 disks are done\n\Z", screen), screen
assert "[" not in screen.split ("going on")[1], screen
END
cat > "$tmp/shell" << 'END'
set -m
"$@"
echo stopped
read -rs
echo going on
fg > /dev/null
END
LC_ALL=C timeout "$limit" python3 "$tmp/watch.py" "$srcdir/lib" "$tmp" \
      "$(command -v bash)" "$tmp/shell" "${wrapper[@]}" "$stripecopy" -p \
      --manifest="$tmp/manifest" --jobs=4 \
      --bwlimit=@"$tmp/rate" > "$output" 2> "$errors" ||
  fail "$(cat "$errors")"
for copy in "$tmp"/new.*; do
  expect_identical "$tmp/disk" "$copy"
done
