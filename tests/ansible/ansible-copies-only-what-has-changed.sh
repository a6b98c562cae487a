#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The modules pass on what selects the changes, and list differences.  The
# module for QEMU waits until the guest has shut down, and refuses a guest that
# is paused.

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

# A monitor whose machine stops at the second query.
cat > "$tmp/monitor.py" <<'END'
import json, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
replies = iter(["running", "shutdown", "shutdown", "paused"])
while True:
    client = server.accept()[0].makefile("rw")
    print('{"QMP": {}}', file=client, flush=True)
    for line in client:
        command = json.loads(line)["execute"]
        value = {"status": next(replies)} if command == "query-status" else {}
        print(json.dumps({"return": value}), file=client, flush=True)
        if command == "system_powerdown":
            print('{"event": "RTC_CHANGE"}', file=client)
            print('{"event": "SHUTDOWN", "data": {}}', file=client, flush=True)
END
python3 "$tmp/monitor.py" "$tmp/monitor" 2> "$tmp/monitor.log" &
servers+=($!)
wait_until test -S "$tmp/monitor"

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
          - stopped is changed
          - again is not changed
END
play 0 "$tmp/play.yml"
expect_same_disk qcow2 "$tmp/disk.qcow2" raw "$tmp/copy"
expect_same_disk qcow2 "$tmp/disk.qcow2" raw "$tmp/second"
