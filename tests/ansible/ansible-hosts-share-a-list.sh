#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each of two hosts copies its part of a list, by the sizes in it, at a common
# rate, and leaves metrics of its disks only, one by one and in one file. A disk
# becomes an image with the
# options that its entry has.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
requires_formats qcow2

make_data "$tmp/disk" 4M
mkdir "$tmp/metrics"
cat > "$tmp/play.yml" <<END
- hosts: one,two
  gather_facts: false
  vars:
    stripecopy_disks_folder: "{{ tmp }}/state-{{ inventory_hostname }}"
    stripecopy_disks_interval: 1
    stripecopy_disks_part: "{{ (inventory_hostname == 'one') | ternary(1, 2) }}/2"
    stripecopy_disks_bwlimit: 100M
    stripecopy_disks_metrics_folder: "{{ tmp }}/metrics"
    stripecopy_disks_metrics_file: "{{ tmp }}/{{ inventory_hostname }}.prom"
    stripecopy_disks:
      - name: small
        size: 1M
        source: $tmp/disk
        destination: $tmp/small
      - name: large
        size: 9T
        source: $tmp/disk
        destination: $tmp/large
        destination_format: qcow2
        destination_options: cluster_size=1M
      - name: other
        size: 1M
        source: $tmp/disk
        destination: $tmp/other
  roles:
    - stripecopy.disks.stripecopy_disks
  post_tasks:
    - name: See which disks each host has copied
      ansible.builtin.assert:
        that:
          - stripecopy_disks_results | sort == want[inventory_hostname]
          - stripecopy_disks_results.values() | map(attribute='rc') | sum == 0
      vars:
        want:
          one: [large]
          two: [other, small]
END
play 0 "$tmp/play.yml"
expect_identical "$tmp/disk" "$tmp/small"
expect_identical "$tmp/disk" "$tmp/other"
qemu-img compare -q "$tmp/disk" "$tmp/large" || fail "the image differs"
qemu-img info "$tmp/large" | grep -q '^cluster_size: 1048576$' ||
  fail "the image has other clusters"
for name in small large other; do
  grep -q "^stripecopy_exit_status.* 0$" "$tmp/metrics/stripecopy-$name.prom" ||
    fail "there are no metrics of $name"
done
[ "$(grep -c '^stripecopy_exit_status.* 0$' "$tmp/one.prom")" -eq 1 ] &&
  [ "$(grep -c '^stripecopy_exit_status.* 0$' "$tmp/two.prom")" -eq 2 ] ||
  fail "the metrics of the lists are wrong"
[ -e "$tmp/state-one/large.map" ] && [ ! -e "$tmp/state-one/small.map" ] ||
  fail "the first host has copied other disks"
