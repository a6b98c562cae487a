#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of CLUSTERS.md for Ansible over ssh. The copy goes on after a
# kill of one worker, of the host with the list, and of all workers: the same
# commands copy what is left, and read nothing of the parts that are complete.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
. "$srcdir/lib/sshd.sh"
. "$srcdir/lib/playbooks.sh"
requires_plugin file
requires_plugin eval
requires_filter log
requires setsid

make_data "$tmp/disk" 16M
gate "$tmp" $((8 << 20))                # parts 1 to 4 are free
serve_logged old "${gated[@]}"
export OLD=nbd+unix:///disk?socket=$tmp/old.sock NEW=$tmp/copy
start_sshd

cat > "$tmp/ansible.cfg" <<END
[defaults]
collections_path = $tmp/collections
local_tmp = $tmp/home/local
remote_tmp = $tmp/home/remote
async_dir = $tmp/home/jobs
interpreter_python = $python_for_modules $(head -n 1 "$(command -v ansible-playbook)" |
                         sed 's/^#! *//; s/ .*//')
nocolor = true
nocows = true
pipelining = true
internal_poll_interval = 0.01
module_compression = ZIP_STORED
[ssh_connection]
ssh_args = -o ControlMaster=no
transfer_method = piped
END
mkdir "$page_folder/group_vars"
cat > "$page_folder/group_vars/all.yml" <<END
stripecopy_disks_interval: 1
stripecopy_disks_wait: 1
END
cat > "$page_programs/ansible-playbook" <<END
#!$BASH
echo "\$BASHPID" > "$tmp/controller"
export ANSIBLE_CONFIG=$tmp/ansible.cfg HOME=$tmp/home LC_ALL=C.UTF-8
export PYTHONUNBUFFERED=1
exec setsid "$(command -v ansible-playbook)" "\$@" > "$tmp/play"
END
chmod +x "$page_programs/ansible-playbook"

# Prints the process of the copy of a part.
part_pid ()
{
  find_leftovers
  [ ${#leftovers[@]} -eq 0 ] ||
    ps -o pid=,args= -p "${leftovers[*]}" |
      awk -v disk="--disk=part-$1" '{ for (i = 2; i <= NF; i++)
                                       if ($i == disk) print $1 }'
}
runs () { [ -n "$(part_pid "$1")" ]; }

# Returns true when the play does not wait for one host any more.
one_was_lost ()
{
  sed '1,/Watch the copies/d' "$tmp/play" | grep -q '^ok: \[copier.\]'
}

(
  # The kill ends it, too.
  # shellcheck disable=SC2034
  exec {verdicts}> "$tmp/gone"
  run_commands CLUSTERS.md "Ansible"
) &
servers+=($!)
for part in 5 6 7 8; do
  wait_until test -s "$page_folder/maps/part-$part.map"
done

# One worker, with all its copies: Ansible makes a session for it.
killed=$(part_pid 5)
pkill -KILL --session "$(ps -o sid= -p "$killed" | tr -d ' ')"
wait_until one_was_lost

# The host with the list, and with it the play.
kill -KILL -- "-$(cat "$tmp/controller")"
runs 8 || runs 6 || fail "the kill of the play has ended the copies"

# All workers.
find_leftovers
kill -KILL "${leftovers[@]}" 2> "$tmp/gone" || :
wait_until have_no_leftovers
rm -rf "$tmp/private"/ansible_*         # of Python programs that were killed
for part in 1 2 3 4; do
  cp "$page_folder/maps/part-$part.map" "$tmp/map$part"
done
touch "$tmp/open"
stop_server old
serve_logged old file dir="$tmp"

# The same commands.
run_section CLUSTERS.md "Ansible"
expect_identical "$tmp/disk" "$tmp/copy"
for part in 1 2 3 4; do
  cmp -s "$tmp/map$part" "$page_folder/maps/part-$part.map" ||
    fail "the map of part $part has changed"
done
[ "$(request_bytes old Read)" -eq $((8 << 20)) ] ||
  fail "complete parts were read again: $(request_bytes old Read) bytes"
for host in copier1 copier2; do
  grep -q "^$host .* failed=0 " "$tmp/play" || fail "$host has failed"
done
