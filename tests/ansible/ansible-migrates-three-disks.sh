#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The playbook that migrates three disks predicts changes in check mode, copies
# the disks, shows its progress, and finds nothing to do when it runs again.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
requires_plugin file
requires_plugin eval
requires_filter log
requires_formats qcow2

mkdir "$tmp/old" "$tmp/new"
n=0
for name in root home swap; do
  n=$((n + 1))                  # all disks differ
  make_islands "$tmp/old/$name" 12
  put_data "$tmp/old/$name" 0 $((4096 + n))
  make_ones "$tmp/new/$name" 12M
done
qemu-img convert -f raw -O qcow2 "$tmp/old/swap" "$tmp/swap.qcow2"
make_ones "$tmp/ones" 12M
gate "$tmp/old" 0
serve_at old tcp4 --filter=log "${gated[@]}" logfile="$tmp/old.requests"
serve_at new tcp4 file dir="$tmp/new"

# Plays it, and checks how many tasks changed something.
migrate ()
{
  local changed=$1
  shift
  play 0 stripecopy.disks.migrate --limit one \
       -e old="nbd://localhost:$old_port" -e new="nbd://localhost:$new_port" \
       -e images="$tmp" -e stripecopy_disks_folder="$tmp/state" \
       -e stripecopy_disks_interval=1 "$@"
  expect_played "^one .* changed=$changed "
}

migrate 2 --check               # the folder for maps, and the copies
for name in root home swap; do
  expect_identical "$tmp/ones" "$tmp/new/$name"
done
[ ! -e "$tmp/state" ] || fail "a plan has made a file"
expect_requests old Read -eq 0
: > "$output"

(wait_until grep -qsE '^one: root: +[0-9]+ %, copy' "$output"
 touch "$tmp/open") &
migrate 2
for name in root home swap; do
  expect_identical "$tmp/old/$name" "$tmp/new/$name"
  expect_played "^changed: \\[one\\] => \\(item=$name\\)"
done

reads=$(requests old Read)
migrate 0 -e stripecopy_disks_at_once=2
expect_requests old Read -eq "$reads"
