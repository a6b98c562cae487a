#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The module plans without writing, copies, and then finds nothing to do.  It
# shows no secret, and no shell interprets its arguments.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
requires_plugin file

secret=open-sesame-42
make_disks 16
cp "$tmp/copy" "$tmp/before"
serve_logged src file "$tmp/disk"

cat > "$tmp/play.yml" <<END
- hosts: one
  gather_facts: false
  vars:
    count: grep -c ' Read ' {{ tmp }}/src.requests
  module_defaults:
    stripecopy.disks.stripecopy:
      source: "${src/'://'/"://alice:$secret@"}"
      destination:
        - sh
        - -c
        - exec nbdkit -f file "\$1" # \$HOME; exit 1
        - \$0
        - "{{ tmp }}/copy"
        - --token
        - $secret
      map: "{{ tmp }}/map"
      source_id: monday
      source_size: 16M
      connect_wait: 1
      external_files: true
      allow_same_disk: true
      salvage: zero
      stop_after: 10h
      report: "{{ tmp }}/report"
  tasks:
    - name: Plan
      stripecopy.disks.stripecopy:
      check_mode: true
      diff: true
      register: planned

    - name: See that nothing was written, and that no file was made
      ansible.builtin.assert:
        that:
          - lookup("pipe", "cmp " ~ tmp ~ "/before " ~ tmp ~ "/copy") == ""
          - tmp ~ "/map" is not exists
          - tmp ~ "/report" is not exists

    - name: Copy
      stripecopy.disks.stripecopy:
      register: copied

    - name: Count what was read
      ansible.builtin.set_fact:
        reads: "{{ lookup('pipe', count) }}"

    - name: Copy again
      stripecopy.disks.stripecopy:
      register: again

    - name: Plan again
      stripecopy.disks.stripecopy:
      check_mode: true
      register: nothing

    - name: Copy another state
      stripecopy.disks.stripecopy:
        source_id: tuesday
      register: other
      failed_when: other.rc != 6

    - name: Copy what is not there
      stripecopy.disks.stripecopy:
        source: nbd+unix://alice:x/$secret@/?socket={{ tmp }}/missing
        destination: [none, "secret,id=a,data=$secret", "http://a/?sig=$secret",
                      "http://a/?session_id=$secret"]
        map: "{{ tmp }}/other-map"
      register: missing
      failed_when: missing.rc == 0

    - name: Be wrong about an option
      stripecopy.disks.stripecopy:
        resume: perhaps
      register: wrong
      failed_when: wrong is succeeded

    - name: See what was returned
      ansible.builtin.assert:
        that:
          - planned is changed
          - planned.status == "planned"
          - planned.report.bytes.data > 0
          - copied is changed
          - copied.status == "ok"
          - copied.rc == 0
          - copied.report.bytes.total == 16777216
          - again is not changed
          - again.status == "unchanged"
          - nothing is not changed
          - lookup("pipe", count) == reads
          - other is not changed
          - other.msg is search("map")
          - missing.msg is search("missing")
          - missing is not changed
          - missing.msg is search("cannot connect")
END
play 0 -vvv "$tmp/play.yml"
expect_identical "$tmp/disk" "$tmp/copy"
expect_played '^one .* changed=2 '       # planned, and copied
expect_played '^-data: [1-9][0-9]* bytes left'
expect_played '"source": "nbd\+unix://\*\*\*@/'
expect_secret "$secret"
for word in --source-size=16M --connect-wait=1 --external-files \
            --allow-same-disk --salvage=zero --stop-after=10h; do
  expect_played "^ +\"$word\",?\$"
done
