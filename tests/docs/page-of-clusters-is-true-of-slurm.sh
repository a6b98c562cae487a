#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of CLUSTERS.md for Slurm. The copy goes on after a kill of
# one worker, of a host, and of all hosts with the one that holds the list. The
# same commands then find nothing to do.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
. "$srcdir/lib/slurm.sh"

make_data "$tmp/disk" 16M
export OLD=$tmp/disk NEW=$tmp/copy
slurm_start

# Each copy stores a block, and then waits for a higher rate.
echo 1 > "$tmp/rate"
printf '%s\n' "#!$BASH" \
  "exec \"\$1\" --map-interval=0.1 --bwlimit=@$tmp/rate \"\${@:2}\"" \
  > "$tmp/slow"
chmod +x "$tmp/slow"
wrapper=("$tmp/slow")

# Prints the pid of the copy of a part.
part_pids ()
{
  pgrep -f -- "^$(realpath "$stripecopy") .*--shard=$1/8 .*$tmp/copy$" || :
}

no_copy_runs () { [ -z "$(part_pids '[1-5]')" ]; }

has_begun () { grep -q '+$' "$page_folder/maps/$1" 2> "$tmp/gone"; }

(
  # The kill ends it, too.
  # shellcheck disable=SC2034
  exec {verdicts}> "$tmp/submitted"
  run_commands CLUSTERS.md "Slurm"
) &
servers+=($!)
for part in 1 2 3 4; do
  wait_until has_begun $part
done

# One worker.
kill -KILL "$(part_pids 1)"
wait_until slurm_ended 1 PENDING

# One host, which does not come back.
slurm_kill n2
wait_until slurm_ended 4 NODE_FAIL

# All hosts.
slurm_kill
wait_until no_copy_runs             # a process may take a moment to end
slurm_start_controller
wait_until slurm_has_no_node
set_rate none
slurm_start_nodes n1
for part in {1..8}; do
  wait_until slurm_ended "$part" COMPLETED
done
expect_identical "$tmp/disk" "$tmp/copy"

# The same commands.
cp "$page_folder"/maps/1 "$tmp/map"
wrapper=()
run_section CLUSTERS.md "Slurm"
cmp -s "$tmp/map" "$page_folder/maps/1" || fail "the map has changed"
expect_identical "$tmp/disk" "$tmp/copy"
