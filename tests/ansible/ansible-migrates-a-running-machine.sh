#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The playbook for a running machine makes rounds while the disks are written
# to, until one fits into the window, stops the machine, and copies the rest.  A
# second run resumes the round that has failed.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
. "$srcdir/lib/qemu.sh"
requires_plugin file

mkdir "$tmp/old" "$tmp/new"
for name in root home; do
  make_islands "$tmp/old/$name" 16
  make_ones "$tmp/new/$name" 16M
done
put_data "$tmp/old/home" 0 4096         # the disks differ
serve_qemu old raw "$tmp/old/root" \
  --blockdev driver=file,node-name=home,filename="$tmp/old/home" \
  --export type=nbd,id=second,node-name=home,name=second,writable=on
serve_nbdkit new file dir="$tmp/new"

# The machine writes before each copy, and so after the record of that round was
# frozen; from copy to copy it writes less.  One copy fails.
cat > "$tmp/program" <<END
#!$BASH
case " \$* " in *" --plan "*) exec "$stripecopy" "\$@" ;; esac
copy=\$(cat "$tmp/copies")
echo \$((copy + 1)) > "$tmp/copies"
case \$copy in
  0) writes=('write -P 1 0 6M') ;;
  1) writes=('write -P 2 3M 5M') ;;
  2) touch "$tmp/failed"; exit 3 ;;
  3) writes=('write -P 4 9M 32k' 'write -P 5 15M 64k') ;;
  *) writes=() ;;
esac
if [ \${#writes[@]} -gt 0 ]; then
  qemu-io -f raw "\${writes[@]/#/-c}" "$old_guest" > "$tmp/guest" || exit 70
  writes=("\${writes[@]/-P /-P 1}")
  qemu-io -f raw "\${writes[@]/#/-c}" "${old_guest/guest/second}" \
    > "$tmp/guest" || exit 70
fi
exec "$stripecopy" "\$@"
END
chmod +x "$tmp/program"
echo 0 > "$tmp/copies"

cat > "$tmp/stop.yml" <<END
- name: Note how many copies were made
  ansible.builtin.command: cp "$tmp/copies" "$tmp/stopped"
  changed_when: true
END
cat > "$tmp/vars.yml" <<END
rounds_monitor: "$old_qmp"
rounds_nbd: "$tmp/old.sock"
rounds_nodes: { root: disk, home: home }
rounds_disks:
  - { name: root, destination: "nbd+unix:///root?socket=$tmp/new.sock" }
  - { name: home, destination: "nbd+unix:///home?socket=$tmp/new.sock" }
rounds_window: 1.5
rounds_stop_tasks: "$tmp/stop.yml"
stripecopy_disks_folder: "$tmp/state"
stripecopy_disks_interval: 1
stripecopy_disks_attempts: 1
rounds_options: { executable: "$tmp/program", bwlimit: 2M }
END

rounds () { play "$1" stripecopy.disks.rounds --limit one -e "@$tmp/vars.yml"; }
rounds 2
[ -e "$tmp/failed" ] || fail "no copy has failed"
[ ! -e "$tmp/stopped" ] || fail "the machine was stopped after a failure"
rounds 0
expect_played 'Round 1: [0-9.]* seconds were predicted'
[ "$(cat "$tmp/stopped")" -ge 4 ] || fail "the machine was stopped too early"
for name in root home; do
  expect_identical "$tmp/old/$name" "$tmp/new/$name"
done
