#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The collection can be installed, ansible-doc finds its documents, and
# ansible-lint finds nothing wrong.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
requires ansible-lint ansible-doc ansible-galaxy

run_ansible ansible-doc stripecopy.disks.stripecopy stripecopy.disks.watch ||
  fail "ansible-doc does not find the modules"
for name in stripecopy watch; do
  grep -qi "stripecopy\.disks\.$name\>" "$output" ||
    fail "ansible-doc prints nothing about the module $name"
done
! grep -q 'WARNING\|ERROR' "$errors" || fail "ansible-doc complains"
run_ansible ansible-doc -t role stripecopy.disks.stripecopy_disks ||
  fail "ansible-doc does not find the role"
grep -qi 'stripecopy\.disks\.stripecopy_disks\>' "$output" ||
  fail "ansible-doc prints nothing about the role"

run_ansible ansible-galaxy collection install "$collection" \
            -p "$tmp/installed" || fail "the collection cannot be installed"
[ -s "$tmp/installed/ansible_collections/stripecopy/disks/README.md" ] ||
  fail "the collection was not installed"

cd "$collection"
run_ansible ansible-lint --offline --strict || fail "ansible-lint complains"
