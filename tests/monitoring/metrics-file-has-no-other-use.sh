#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The file of --metrics-file is refused if it has another use, a wrong name, or
# cannot be written, and then nothing is written to it.

. "$(dirname "$0")/../lib/test.sh"

cd "$tmp"
make_data disk.prom 64k
ln -s disk.prom link.prom
cp disk.prom before

# refused PATTERN ARGS...
refused ()
{
  copy_fails 2 "^stripecopy: $1" "${@:2}"
  cmp -s disk.prom before || fail "the disk was changed: ${*:2}"
  [ ! -e new ] || fail "the destination was made: ${*:2}"
}

refused '--metrics-file=link.prom: is the same file as source disk.prom$' \
        --metrics-file=link.prom disk.prom new
refused '--metrics-file=disk.prom: is the same file as destination disk.prom$' \
        --metrics-file=disk.prom before disk.prom
refused '--[a-z]+-file=.*x.prom: is the same file as --[a-z]+-file=.*x.prom$' \
        --metrics-file=x.prom --status-file=./x.prom before new
[ ! -e x.prom ] || fail "a file with two uses was written"

for name in x x.txt x.prom.gz; do
  refused "--metrics-file=$name: the name must end in .prom: " \
          --metrics-file=$name before new
  [ ! -e "$name" ] || fail "$name was written"
done
for name in .prom ./.prom; do
  refused "--metrics-file=$name: there must be a name before .prom: " \
          --metrics-file=$name before new
  [ ! -e .prom ] || fail "$name was written"
done
refused 'unknown or ambiguous option: --bogus' --metrics-file=x.txt --bogus before new
[ ! -e x.txt ] || fail "x.txt was written"

mkdir folder.prom
refused '--metrics-file=folder.prom: not a regular file$' \
        --metrics-file=folder.prom before new
refused '--metrics-file=missing/x.prom: No such file or directory$' \
        --metrics-file=missing/x.prom before new

# If it cannot be written any more, there is one warning, and the copy
# continues.
mkdir folder
hold_reads_at "$tmp/disk.prom" "$tmp/gate"
serve_nbdkit src "${held[@]}"
start_copy --metrics-file=folder/x.prom --interval=0.1 "$src" new
wait_until test -e folder/x.prom
mv folder gone                  # a file may be made in it at any moment
wait_until grep -q 'warning: --metrics-file=folder/x.prom: ' "$errors"
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
[ "$(grep -c 'warning: --metrics-file' "$errors")" -eq 1 ] ||
  fail "there is not one warning"
expect_identical disk.prom new
