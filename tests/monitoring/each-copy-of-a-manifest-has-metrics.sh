#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each copy of a manifest keeps its own metrics, and no two copies have one file.

. "$(dirname "$0")/../lib/test.sh"
requires promtool

make_data "$tmp/disk" 64k
# The copies of a list, the second with this metrics file.
list ()
{
  cat > "$tmp/disks.json" << END
[ { "disk": "a", "source": "$tmp/disk", "destination": "$tmp/a",
    "metrics-file": "$tmp/a.prom" },
  { "disk": "b", "source": "$tmp/missing", "destination": "$tmp/b",
    "metrics-file": "$tmp/$1" } ]
END
}

list ./a.prom
copy_fails 2 'same file as --metrics-file=.*/a.prom of copy 1' \
           --manifest="$tmp/disks.json"
list b.txt
copy_fails 2 'copy 2: .*: the name must end in .prom' \
           --manifest="$tmp/disks.json"
[ ! -e "$tmp/a" ] && [ ! -e "$tmp/a.prom" ] || fail "a copy was started"

list b.prom
copy_fails 1 'disk b: ' --manifest="$tmp/disks.json"
grep -qx 'stripecopy_exit_status{disk="a"} 0' "$tmp/a.prom" ||
  fail "there are no metrics of a"
grep -qx 'stripecopy_exit_status{disk="b"} 1' "$tmp/b.prom" ||
  fail "there are no metrics of b"
for disk in a b; do
  promtool check metrics < "$tmp/$disk.prom" > "$tmp/promtool" 2>&1 ||
    fail "promtool: $(< "$tmp/promtool")"
done
