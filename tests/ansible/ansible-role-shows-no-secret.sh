#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The role shows no secret of a disk, also when it is refused; it passes on the
# options of each disk, and appends the events of a disk to a file of its own.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
requires_plugin file
requires_schemas

secret=open-sesame-42
make_disks 4
make_ones "$tmp/copy2" 4M
serve_logged src file "$tmp/disk"

cat > "$tmp/play.yml" <<END
- hosts: one
  gather_facts: false
  vars:
    stripecopy_disks_folder: "{{ tmp }}/state"
    stripecopy_disks_interval: 1
    stripecopy_disks_at_once_per_group: 1
    stripecopy_disks_stop_after: 10h
    stripecopy_disks_wait: 0.1
    stripecopy_disks_options:
      flush: true
      executable: stripecopy
    stripecopy_disks:
      - name: one
        source: "${src/'://'/"://alice:$secret@"}"
        destination: "{{ tmp }}/copy"
        events: "{{ tmp }}/events"
        extra_args: [--requests, 7, -C2, --no-extents, --sparse=8k]
        threads: 1
        retries: 0
        group: old
      - name: two
        source: "{{ missing | default(tmp + '/disk') }}"
        destination:
          - sh
          - -c
          - exec nbdkit -f file "\$1" # \$HOME; exit 1
          - \$0
          - "{{ tmp }}/copy2"
          - --token
          - $secret
  roles:
    - stripecopy.disks.stripecopy_disks
  post_tasks:
    - name: See what was returned
      ansible.builtin.assert:
        that:
          - stripecopy_disks_results | length == 2
          - one.rc == 0
          - one.report.bytes.total == 4194304
          - one.cmd is contains("--no-extents")
          - ansible_check_mode or one.attempts == 1
          - two.rc == 0
          - two.status == one.status
      vars:
        one: "{{ stripecopy_disks_results.one }}"
        two: "{{ stripecopy_disks_results.two }}"
END

# Ansible removes the program of a task in the background, with its options,
# some seconds after the task has ended.
has_no_program () { ! grep -rqF "$secret" "$tmp/home"; }

# Plays it, and expects an exit status: copy_disks STATUS ARGS...
copy_disks ()
{
  local want=$1
  shift
  play "$want" -vvv --diff "$tmp/play.yml" "$@"
  ! grep -qF "$secret" "$output" "$errors" || fail "the play shows the secret"
}

copy_disks 0 --check
expect_played '^-data: [1-9][0-9]* bytes left'
expect_played '"msg": "one: planned, 4194304 bytes left"'
[ ! -e "$tmp/state" ] || fail "a plan has made a file"
[ ! -e "$tmp/events" ] || fail "a plan has written events"

copy_disks 0
expect_identical "$tmp/disk" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy2"
expect_events "{ x['disk'] for x in e } == { 'one' }" \
              "[ x['ev'] for x in e ][0] == 'start'" \
              "e[-1]['ev'] == 'end' and e[-1]['status'] == 'ok'"
cp "$tmp/state/one.report" "$tmp/report"
expect_report "'disk' not in r and r['workers'] == 1" \
              "r['config']['requests'] == 7 and r['config']['flush']" \
              "r['config']['connections'] == 2 and r['config']['retries'] == 0" \
              "r['config']['no-extents'] and r['config']['sparse'] == 8192"
grep -q '"ev":"end"' "$tmp/state/two.status" || fail "there is no last event"

# A disk that cannot be copied does not stop the other one.
rm "$tmp/events" "$tmp/copy" "$tmp/state"/*
copy_disks 2 -e missing="$tmp/nowhere"
expect_played '^failed: \[one\] \(item=two\)'
expect_played 'two: .*nowhere.*No such file'
expect_played '^changed: \[one\] => \(item=one\)'
expect_identical "$tmp/disk" "$tmp/copy"

# Nothing is started if Ansible, the module or the program refuses a disk.
cat > "$tmp/play.yml" <<END
- hosts: one
  gather_facts: false
  vars:
    disks:
      - name: one
        source: "${src/'://'/"://alice:$secret@"}"
        destination: "{{ tmp }}/new"
      - name: two
        source: "{{ tmp }}/disk"
        destination: [none, --token, $secret]
  module_defaults:
    group/stripecopy.disks.copies:
      folder: "{{ tmp }}/other"
      disks: "{{ disks }}"
  tasks:
    - name: Choose two programs
      stripecopy.disks.manifest:
        disks: "{{ disks + [{'name': 'x', 'source': 'x', 'destination': 'x',
                             'executable': 'nbdcopy'}] }}"
      register: programs
      failed_when: programs is succeeded

    - name: Choose a program that does not exist
      stripecopy.disks.manifest:
        executable: no-such-program
      register: program
      failed_when: program is succeeded

    - name: Plan what cannot be copied
      stripecopy.disks.manifest:
      check_mode: true
      register: planned
      failed_when: planned.rc != 1

    - name: Be wrong about an option's type
      stripecopy.disks.manifest:
        options:
          retries: few
      register: few
      failed_when: few is succeeded

    - name: Name a file for the map
      stripecopy.disks.manifest:
        disks:
          - name: three
            source: $secret
            destination: "{{ tmp }}/new"
            map: "{{ tmp }}/map"
      register: map
      failed_when: map is succeeded

    - name: Name a file by a disk's name
      stripecopy.disks.manifest:
        disks:
          - name: ../precious
            source: $secret
            destination: "{{ tmp }}/new"
      register: slash
      failed_when: slash is succeeded

    - name: Be wrong about an option's value
      stripecopy.disks.manifest:
        options:
          extra_args: [--sparse=no]
      register: sparse
      failed_when: sparse.rc != 2

    - name: See what was returned
      ansible.builtin.assert:
        that:
          - programs.msg is search("executable must be the same")
          - program.msg is search("no-such-program")
          - planned.disks.one is changed
          - planned.disks.one.status == "planned"
          - planned.disks.two.msg is search("none")
          - few.msg is search("retries")
          - map.msg is search("map")
          - slash.msg is search("slash")
          - sparse is not changed
          - sparse.disks.one.msg is search("copy 1")
          - sparse.disks.two.msg is search("copy 1")
          - sparse.disks.two.rc == 2
END
touch "$tmp/precious.status"
copy_disks 0
[ -e "$tmp/precious.status" ] || fail "a file elsewhere was removed"
[ ! -e "$tmp/new" ] || fail "a copy was started"
wait_until has_no_program
