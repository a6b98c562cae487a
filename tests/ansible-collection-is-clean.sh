#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ansible-lint has nothing to say of the collection, and ansible-doc finds its
# documents.

. "${srcdir:-.}/functions.sh"
. "$srcdir/playbooks.sh"
requires ansible-lint ansible-doc ansible-galaxy

run_ansible ansible-doc stripecopy.disks.stripecopy stripecopy.disks.watch ||
  fail "ansible-doc does not find the modules"
! grep -q 'WARNING\|ERROR' "$errors" || fail "ansible-doc complains"
run_ansible ansible-doc -t role stripecopy.disks.stripecopy_disks ||
  fail "ansible-doc does not find the role"

cd "$collection"
run_ansible ansible-galaxy collection build --output-path "$tmp/built" ||
  fail "the collection cannot be built"
run_ansible ansible-lint --offline --strict || fail "ansible-lint complains"
