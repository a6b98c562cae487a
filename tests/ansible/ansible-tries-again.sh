#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The role repeats copies that are incomplete or in use.  A disk that fails for
# good does not stop the others, is named, and is the only one that the next run
# copies. A line separator in the name of its file hides no other disk.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
requires_plugin file
requires_plugin eval
requires_filter log

nowhere=$tmp/no$'\342\200\250'where
mkdir "$tmp/state"
make_disks 8
for name in incomplete used missing; do
  make_ones "$tmp/$name" 8M
done
serve_nbdkit once eval get_size='echo 8388608' pread="
  [ -e $tmp/injected ] ||
    { touch $tmp/injected; echo EIO injected >&2; exit 1; }
  dd if=$tmp/disk iflag=skip_bytes,count_bytes skip=\$4 count=\$3"
gate "$tmp" 0
serve_logged slow "${gated[@]}"
slow=nbd+unix:///disk?socket=$tmp/slow.sock

cat > "$tmp/play.yml" <<END
- hosts: one
  gather_facts: false
  vars:
    stripecopy_disks_folder: "{{ tmp }}/state"
    stripecopy_disks_interval: 1
    stripecopy_disks_wait: 1
    stripecopy_disks_options:
      retries: 0
    stripecopy_disks:
      - name: incomplete
        source: "$once"
        destination: "{{ tmp }}/incomplete"
      - name: missing
        source: "{{ tmp }}/no\\u2028where"
        destination: "{{ tmp }}/missing"
      - name: used
        source: "$slow"
        destination: "{{ tmp }}/used"
  roles:
    - stripecopy.disks.stripecopy_disks
END

# Returns true when another disk was copied by its second attempt, and so after
# the first attempt at all disks: this one is in use.
was_refused () { grep -qE '^one: incomplete: (ok|unchanged)' "$output"; }

start_copy --map="$tmp/state/used.map" "$slow" "$tmp/used"
wait_until test -s "$tmp/state/used.map"
(wait_until was_refused; kill -TERM "$copy_pid"; touch "$tmp/open") &
play 2 "$tmp/play.yml"
wait_copy
expect_identical "$tmp/disk" "$tmp/incomplete"
expect_identical "$tmp/disk" "$tmp/used"
[ -e "$tmp/injected" ] || fail "no fault was injected"
expect_played '^failed: \[one\] \(item=missing\)'
expect_played 'missing: .*where.*No such file'
expect_played '^one: used: (ok|unchanged)$'

cp "$tmp/disk" "$nowhere"
play 0 "$tmp/play.yml"
expect_identical "$tmp/disk" "$tmp/missing"
expect_played '^changed: \[one\] => \(item=missing\)'
expect_played '^one .* changed=1 '
