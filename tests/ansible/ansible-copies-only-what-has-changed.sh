#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The modules pass on what selects the changes, and list differences.  The
# module for QEMU only asks in check mode, waits until the guest has shut down,
# and refuses a guest that is paused.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
requires_formats qcow2
requires qemu-io

make_islands "$tmp/disk" 16
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/disk.qcow2"
qemu-img bitmap --add "$tmp/disk.qcow2" monday
qemu-io -f qcow2 -c 'write -P 1 3M 1M' "$tmp/disk.qcow2" > "$tmp/guest"
cp "$tmp/disk" "$tmp/copy"
put_data "$tmp/copy" $((10 << 20)) 65536
cp "$tmp/copy" "$tmp/second"

# A monitor whose machine stops at the third query, and whose frozen bitmap is
# exported. It notes the commands that change something.
cat > "$tmp/monitor.py" <<'END'
import json, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
open(sys.argv[2], "w").close()
states = iter(["running", "running", "shutdown", "shutdown", "paused"])
replies = {
    "query-block-exports": [{"id": "stripecopy-7-1-root"}],
    "query-named-block-nodes": [{"node-name": "disk", "dirty-bitmaps": [
        {"name": "stripecopy-7-1", "count": 65536},
        {"name": "stripecopy-7-2", "count": 0}]}],
}
while True:
    client = server.accept()[0].makefile("rw")
    print('{"QMP": {}}', file=client, flush=True)
    for line in client:
        command = json.loads(line)["execute"]
        value = ({"status": next(states)} if command == "query-status"
                 else replies.get(command, {}))
        print(json.dumps({"return": value}), file=client, flush=True)
        if not command.startswith("q"):
            with open(sys.argv[2], "a") as commands:
                print(command, file=commands)
        if command == "system_powerdown":
            print('{"event": "RTC_CHANGE"}', file=client)
            print('{"event": "SHUTDOWN", "data": {}}', file=client, flush=True)
END
python3 "$tmp/monitor.py" "$tmp/monitor" "$tmp/commands" 2> "$tmp/monitor.log" &
servers+=($!)
wait_until test -e "$tmp/commands"

cat > "$tmp/play.yml" <<END
- hosts: one
  gather_facts: false
  module_defaults:
    stripecopy.disks.stripecopy:
      source: "{{ tmp }}/disk.qcow2"
      source_format: qcow2
      destination: "{{ tmp }}/copy"
    stripecopy.disks.qemu_round:
      monitor: "{{ tmp }}/monitor"
      nbd: "{{ tmp }}/nbd"
      nodes: { root: disk }
  tasks:
    - name: Plan
      stripecopy.disks.stripecopy:
        changed: qemu:dirty-bitmap:monday
      check_mode: true
      register: planned

    - name: Copy what has changed, and compare everything
      stripecopy.disks.stripecopy:
        changed: qemu:dirty-bitmap:monday
        verify: all
        differences: "{{ tmp }}/differences"
      register: changed
      failed_when: changed.rc != 4

    - name: Copy by a bitmap that does not exist
      stripecopy.disks.stripecopy:
        changed: qemu:dirty-bitmap:tuesday
      register: lost
      failed_when: lost.rc != 2

    - name: Copy what differs
      stripecopy.disks.stripecopy:
        extents: "{{ tmp }}/differences"
        verify: true
      register: extents

    - name: Update what is the same
      stripecopy.disks.stripecopy:
        update: true
      register: same

    - name: Do the same with a list of disks
      stripecopy.disks.manifest:
        disks:
          - name: "{{ item.name }}"
            source: "{{ tmp }}/disk.qcow2"
            destination: "{{ tmp }}/second"
        options: "{{ {'source_format': 'qcow2', 'source_id': 'x'}
                     | combine(item.options) }}"
        folder: "{{ tmp }}"
      register: many
      failed_when: many.rc != item.rc
      loop:
        - name: changed
          rc: 4
          options:
            changed: qemu:dirty-bitmap:monday
            verify: all
            differences: "{{ tmp }}/list"
        - name: extents
          rc: 0
          options:
            extents: "{{ tmp }}/list"
        - name: update
          rc: 0
          options:
            update: true

    - name: Plan rounds
      stripecopy.disks.qemu_round:
        state: "{{ item.state }}"
        number: "{{ item.number | default(omit) }}"
      check_mode: true
      register: rounds
      loop:
        - { state: recording }
        - { state: begun }
        - { state: ended, number: 1 }
        - { state: ended, number: 2 }
        - { state: stopped }

    - name: Stop the machine
      stripecopy.disks.qemu_round:
        state: stopped
      register: stopped

    - name: Stop a machine that is stopped
      stripecopy.disks.qemu_round:
        state: stopped
      register: again

    - name: Stop a machine that is paused
      stripecopy.disks.qemu_round:
        state: stopped
      register: paused
      failed_when: paused.msg is not search('not shut down, but paused')

    - name: Be wrong about the socket
      stripecopy.disks.qemu_round:
        monitor: "{{ tmp }}/nowhere"
        state: begun
      register: nowhere
      failed_when: nowhere.msg is not search('No such file')

    - name: See what was returned
      ansible.builtin.assert:
        that:
          - planned.report.bytes.data == 1048576
          - changed.report.bytes.data == 1048576
          - lost is not changed
          - extents.report.bytes.total == 65536
          - same is not changed
          - many.results[0].disks.changed.report.bytes.data == 1048576
          - many.results[1].disks.extents.report.bytes.total == 65536
          - many.results[2] is not changed
          - rounds.results | map(attribute="changed")
            == [true, false, true, false, true]
          - rounds.results[1].bytes.root == 65536
          - stopped is changed
          - again is not changed
END
play 0 "$tmp/play.yml"
[ "$(cat "$tmp/commands")" = system_powerdown ] ||
  fail "the module has sent $(cat "$tmp/commands")"
expect_same_disk qcow2 "$tmp/disk.qcow2" raw "$tmp/copy"
expect_same_disk qcow2 "$tmp/disk.qcow2" raw "$tmp/second"
