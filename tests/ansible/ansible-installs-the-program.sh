#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The role that installs the program builds an archive of sources once, and
# again when the archive or the prefix is another one, when the program is gone,
# and when the last run was interrupted. In check mode it changes nothing. A
# package is only planned. Both are small stand-ins: to build and install the
# true ones is what the tests of packages do.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/playbooks.sh"

# make_release VERSION: makes $tmp/VERSION.tar.gz. The files of all releases have
# the same times, and only the first release has another name among them. The
# installation of the third one ends in its middle, until $tmp/mended exists.
make_release ()
{
  local folder=$tmp/stripecopy-$1
  mkdir "$folder"
  cat > "$folder/bootstrap" <<END
#!/bin/sh
[ "\$1" = build ] || exit 1
echo "$1 \$2:" * >> "$tmp/builds"
printf '%s' "\${2#--prefix=}" > prefix
END
  cat > "$folder/Makefile" <<END
install:
	mkdir -p "\$\$(cat prefix)/bin"
	: > "\$\$(cat prefix)/bin/stripecopy"
	[ $1 != 333 ] || [ -e $tmp/mended ]
	install program "\$\$(cat prefix)/bin/stripecopy"
END
  printf '%s\n' '#!/bin/sh' "echo $1" > "$folder/program"
  [ "$1" -ne 1 ] || touch "$folder/old"
  chmod +x "$folder"/*
  tar -C "$tmp" --mtime=@1000000000 -czf "$tmp/$1.tar.gz" "stripecopy-$1"
}
for version in 1 22 333; do
  make_release $version
done
serve_web web "$tmp"

# release NAME ARCHIVE [VARIABLES [PREFIX]]: prints a play that installs it.
release ()
{
  cat <<END
- name: $1
  hosts: one
  gather_facts: false
  vars:
    install_source: "$2"
    install_folder: "$tmp/sources"
    install_prefix: "${4:-$tmp/prefix}"
    ${3:-}
  pre_tasks:
    - name: Remove the program
      ansible.builtin.file:
        path: "{{ install_prefix }}/bin/stripecopy"
        state: absent
      when: ansible_play_name == 'gone'
  roles:
    - role: stripecopy.disks.install
END
}

# Checks the number of changes of a play, and the installed release.
expect_changes ()
{
  local n
  n=$(sed -n "/^PLAY \[$1\]/,/^PLAY /p" "$output" | grep -c '^changed') || :
  [ "$n" -eq "$2" ] || fail "the play $1 has changed $n things"
}
expect_release ()
{
  [ "$("$2/bin/stripecopy")" = "$1" ] || fail "release $1 is not installed"
}

release planned "$tmp/1.tar.gz" > "$tmp/plan.yml"
play 0 --check "$tmp/plan.yml"
expect_changes planned 4
[ ! -e "$tmp/sources" ] && [ ! -e "$tmp/builds" ] || fail "a plan has built it"

checksum="install_checksum: $(sha256sum "$tmp/333.tar.gz")"
{
  release first "$tmp/1.tar.gz"
  release same "$web/1.tar.gz"
  release other "$tmp/22.tar.gz" 'install_source_on_host: true'
  release interrupted "$web/333.tar.gz" "${checksum%% /*}"
} > "$tmp/play.yml"
play 2 "$tmp/play.yml"
expect_changes first 5
expect_changes same 0
expect_changes other 4

touch "$tmp/mended" "$tmp/sources/stripecopy-sources/old"
{
  release repaired "$web/333.tar.gz" "${checksum%% /*}"
  release gone "$tmp/333.tar.gz"
  release moved "$tmp/333.tar.gz" '' "$tmp/other prefix"
} > "$tmp/again.yml"
play 0 "$tmp/again.yml"
expect_changes repaired 4
[ "$(grep -c 333.tar.gz "$tmp/web.requests")" -eq 1 ] ||
  fail "a release with a checksum was fetched again"
diff "$tmp/builds" - <<END || fail "the builds were others"
1 --prefix=$tmp/prefix: Makefile bootstrap old program
22 --prefix=$tmp/prefix: Makefile bootstrap program
333 --prefix=$tmp/prefix: Makefile bootstrap program
333 --prefix=$tmp/prefix: Makefile bootstrap program
333 --prefix=$tmp/prefix: Makefile bootstrap program
333 --prefix=$tmp/other prefix: Makefile bootstrap program
END
expect_release 333 "$tmp/prefix"
expect_release 333 "$tmp/other prefix"

[ "$(id -u)" -eq 0 ] && command -v dpkg-deb > "$tmp/gone" &&
  /usr/bin/python3 -c 'import apt' 2> "$tmp/gone" ||
  skip "packages: not root, or no python3-apt"
mkdir -p "$tmp/deb/DEBIAN"
printf '%s\n' 'Package: stripecopy-stand-in' 'Version: 1' 'Architecture: all' \
  'Maintainer: Nobody <nobody@example.com>' 'Description: a stand-in' \
  > "$tmp/deb/DEBIAN/control"
dpkg-deb -b "$tmp/deb" "$tmp/stripecopy.deb" > "$tmp/gone"
release package '' "install_package: $tmp/stripecopy.deb" > "$tmp/package.yml"
play 0 --check "$tmp/package.yml" -e ansible_python_interpreter=/usr/bin/python3
expect_changes package 1
! dpkg -s stripecopy-stand-in > "$tmp/gone" 2>&1 ||
  fail "a plan has installed a package"
