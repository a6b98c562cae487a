#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The integration targets of the collection pass, run by ansible-test.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"
requires ansible-test git

cd "$collection"
git init -q . 2> "$tmp/gone"            # ansible-test asks git for the files
version=$(python3 -ISc 'import sys; print("%d.%d" % sys.version_info[:2])')
run_ansible ansible-test integration --python "$version" ||
  fail "ansible-test complains"
expect_played 'All assertions passed'
expect_played '^testhost .* failed=0 '
