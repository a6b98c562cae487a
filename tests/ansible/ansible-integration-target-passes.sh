#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The integration target of the collection passes. It is run as ansible-test does
# that, as a role, but without the Python environment that ansible-test needs.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"

targets=$collection/tests/integration/targets
cat > "$tmp/play.yml" <<END
- hosts: one
  gather_facts: false
  roles:
    - role: $targets/stripecopy
END
play 0 "$tmp/play.yml"
expect_played '^one .* failed=0 '
expect_played 'All assertions passed'
for target in "$targets"/*; do
  [ "$target" = "$targets/stripecopy" ] || fail "no test runs $target"
  [ -e "$target/aliases" ] || fail "$target is in no group of ansible-test"
done
