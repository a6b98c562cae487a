#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy in the background that is killed half way resumes when the play runs
# again.  While it runs, a second copy of the same disk is refused as in use.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
requires_plugin file
requires_plugin eval
requires_filter log

make_data "$tmp/disk" 24M
make_ones "$tmp/copy" 24M
gate "$tmp" $((16 << 20))               # 16 MiB are free
serve_logged src "${gated[@]}"
src=nbd+unix:///disk?socket=$tmp/src.sock
serve_nbdkit dst file "$tmp/copy"
# Some nbdkits do not survive a client that is killed, so both are started
# again.
has_ended () { ! kill -0 "$src_pid" "$dst_pid" 2> "$tmp/kill"; }
(
  wait_until test -e "$tmp/open"
  stop_server src
  stop_server dst
  wait_until has_ended
  serve_logged src "${gated[@]}"
  serve_nbdkit dst file "$tmp/copy"
  touch "$tmp/restarted"
  read -r -u "$never"
) &
servers+=($!)
printf '%s\n' '#!/bin/sh' "echo \$\$ > $tmp/pid" "exec $stripecopy \"\$@\"" \
       > "$tmp/program"
chmod +x "$tmp/program"

cat > "$tmp/play.yml" <<END
- hosts: one
  gather_facts: false
  module_defaults:
    stripecopy.disks.stripecopy:
      executable: "{{ tmp }}/program"
      source: "$src"
      destination: "$dst"
      map: "{{ tmp }}/map"
      map_interval: 1
      status_file: "{{ tmp }}/status"
      interval: 1
  tasks:
    - name: Start
      stripecopy.disks.stripecopy:
      async: $limit
      poll: 0
      register: started

    - name: Wait for a checkpoint
      ansible.builtin.wait_for:
        path: "{{ tmp }}/map"
        search_regex: '[+]\s*\$'
        sleep: 1
        timeout: $limit

    - name: Start it twice
      stripecopy.disks.stripecopy:
        executable: stripecopy
        status_file: "{{ omit }}"
      register: twice
      failed_when: twice.rc != 5

    - name: Kill it
      ansible.builtin.command: kill -KILL {{ lookup('file', tmp + '/pid') }}

    - name: Wait for its end
      ansible.builtin.async_status:
        jid: "{{ started.ansible_job_id }}"
      register: killed
      until: killed.finished
      retries: $limit
      delay: 1
      failed_when: killed.rc | default(137) != 137

    - name: Open the gate
      ansible.builtin.file:
        path: "{{ tmp }}/open"
        state: touch
        mode: "0600"

    - name: Wait for the servers
      ansible.builtin.wait_for:
        path: "{{ tmp }}/restarted"
        sleep: 1
        timeout: $limit

    - name: Go on
      stripecopy.disks.stripecopy:
        verify: true
      async: $limit
      poll: 1
      register: resumed

    - name: See what was returned
      ansible.builtin.assert:
        that:
          - twice is not changed
          - killed.status == "unknown"
          - resumed is changed
          - resumed.status == "ok"
          - resumed.report.bytes.resumed > 0
          - resumed.report.verify is mapping
          - resumed.report.bytes.data < 24 * 1024 * 1024
END
play 0 "$tmp/play.yml"
expect_identical "$tmp/disk" "$tmp/copy"
