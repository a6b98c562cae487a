#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The collection can be installed, ansible-doc finds its documents, and
# ansible-lint finds nothing wrong. Neither do those checks of ansible-test
# sanity that need no network. A release has all its files.

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
run_ansible ansible-doc -t role stripecopy.disks.stripecopy_disks \
            stripecopy.disks.install || fail "ansible-doc does not find the roles"
for name in stripecopy_disks install; do
  grep -qi "stripecopy\.disks\.$name\>" "$output" ||
    fail "ansible-doc prints nothing about the role $name"
done

while read -r file; do
  grep -qF "	ansible/${file#./}" "$srcdir/../docs/Makefile.am" ||
    fail "docs/Makefile.am does not list $file"
done < <(cd "$collection" && find . -type f)

run_ansible ansible-galaxy collection install "$collection" \
            -p "$tmp/installed" || fail "the collection cannot be installed"
[ -s "$tmp/installed/ansible_collections/stripecopy/disks/README.md" ] ||
  fail "the collection was not installed"

cd "$collection"
run_ansible ansible-lint --offline --strict || fail "ansible-lint complains"

# The others install packages of Python. The one of them that looks at modules
# runs without that where its library is installed.
command -v ansible-test > "$tmp/gone" || skip "ansible-test is not installed"
git init -q . 2> "$tmp/gone" || skip "git is not installed"
checks=(action-plugin-docs compile empty-init future-import-boilerplate ignores
        line-endings metaclass-boilerplate no-assert no-get-exception
        no-illegal-filenames no-main-display no-smart-quotes
        no-unicode-literals replace-urlopen shebang symlinks
        use-argspec-type-path use-compat-six)
version=$(python3 -ISc 'import sys; print("%d.%d" % sys.version_info[:2])')
run_ansible ansible-test sanity --python "$version" "${checks[@]/#/--test=}" ||
  fail "ansible-test complains"
