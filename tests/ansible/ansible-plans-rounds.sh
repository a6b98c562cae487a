#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The playbook for a running machine says in check mode how many bytes its next
# round copies, and changes nothing: at first, and when something is recorded.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
. "$srcdir/lib/qemu.sh"

make_data "$tmp/disk" 16M
serve_qemu old raw "$tmp/disk"
cat > "$tmp/vars.yml" <<END
rounds_monitor: "$old_qmp"
rounds_nbd: "$tmp/old.sock"
rounds_nodes: { root: disk }
rounds_disks:
  - { name: root, destination: "$tmp/copy" }
stripecopy_disks_folder: "$tmp/state"
END

# ask COMMAND...: asks QEMU for something, in JSON.
ask ()
{
  python3 -I "$collection/plugins/module_utils/qmp.py" "$old_qmp" <<< "$*"
}
nodes='{ "execute": "query-named-block-nodes" }'
exports='{ "execute": "query-block-exports" }'

plan ()
{
  ask "$nodes" "$exports" > "$tmp/before"
  play 0 stripecopy.disks.rounds --check --limit one -e "@$tmp/vars.yml"
  ask "$nodes" "$exports" > "$tmp/after"
  cmp -s "$tmp/before" "$tmp/after" || fail "a plan has changed something"
  [ ! -e "$tmp/state" ] && [ ! -e "$tmp/copy" ] || fail "a plan has made a file"
}

plan
expect_played 'Round 0 copies at most 16777216 bytes: root 16777216\.'

ask '{ "execute": "block-dirty-bitmap-add", "arguments":
       { "node": "disk", "name": "stripecopy-1-1" } }' > "$tmp/gone"
qemu-io -f raw -c 'write 3M 1M' "$old_guest" > "$tmp/gone"
plan
expect_played 'Round 1 copies at most 1048576 bytes: root 1048576\.'
