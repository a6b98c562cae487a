#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The role that installs the program builds an archive of sources once, again
# when the archive is another one, and nothing in check mode. A package is only
# planned. Both are small stand-ins: to build and install the true ones is what
# the tests of packages do.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"

# make_release VERSION: makes $tmp/VERSION.tar.gz.
make_release ()
{
  mkdir "$tmp/stripecopy-$1"
  cat > "$tmp/stripecopy-$1/bootstrap" <<END
#!/bin/sh
[ "\$1" = build ] || exit 1
echo "\$2" >> "$tmp/builds"
printf 'install:\n\tmkdir -p "$tmp/prefix/bin"\n' > Makefile
printf '\tcp program "$tmp/prefix/bin/stripecopy"\n' >> Makefile
END
  printf '%s\n' '#!/bin/sh' "echo $1" > "$tmp/stripecopy-$1/program"
  chmod +x "$tmp/stripecopy-$1"/*
  tar -C "$tmp" -czf "$tmp/$1.tar.gz" "stripecopy-$1"
}
make_release 1
make_release 22

cat > "$tmp/play.yml" <<END
- hosts: one
  gather_facts: false
  vars:
    install_source: "$tmp/1.tar.gz"
    install_folder: "$tmp/sources"
    install_prefix: "$tmp/prefix"
  roles:
    - role: stripecopy.disks.install
  tasks:
    - name: Install it again
      ansible.builtin.include_role:
        name: stripecopy.disks.install

    - name: Install another release
      ansible.builtin.include_role:
        name: stripecopy.disks.install
      vars:
        install_source: "$tmp/22.tar.gz"
      when: not ansible_check_mode

    - name: Install a package
      ansible.builtin.include_role:
        name: stripecopy.disks.install
      vars:
        install_package: "$tmp/stripecopy.deb"
      when: with_package | default(false)
END
play 0 --check "$tmp/play.yml"
[ ! -e "$tmp/sources" ] && [ ! -e "$tmp/builds" ] || fail "a plan has built it"

play 0 "$tmp/play.yml"
expect_played '^one .* changed=6 '      # the second time nothing
[ "$(cat "$tmp/builds")" = "--prefix=$tmp/prefix
--prefix=$tmp/prefix" ] || fail "it was built otherwise: $(cat "$tmp/builds")"
[ "$("$tmp/prefix/bin/stripecopy")" = 22 ] || fail "the old release is installed"

[ "$(id -u)" -eq 0 ] && command -v dpkg-deb > "$tmp/gone" &&
  /usr/bin/python3 -c 'import apt' 2> "$tmp/gone" ||
  skip "packages: not root, or no python3-apt"
mkdir -p "$tmp/deb/DEBIAN"
printf '%s\n' 'Package: stripecopy-stand-in' 'Version: 1' 'Architecture: all' \
  'Maintainer: Nobody <nobody@example.com>' 'Description: a stand-in' \
  > "$tmp/deb/DEBIAN/control"
dpkg-deb -b "$tmp/deb" "$tmp/stripecopy.deb" > "$tmp/gone"
play 0 --check "$tmp/play.yml" -e with_package=true \
     -e ansible_python_interpreter=/usr/bin/python3
expect_played '^changed: \[one\]'
! dpkg -s stripecopy-stand-in > "$tmp/gone" 2>&1 ||
  fail "a plan has installed a package"
