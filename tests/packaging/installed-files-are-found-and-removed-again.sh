#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make install puts each file where its readers look for it, and make uninstall
# removes all of them.

. "$(dirname "$0")/../lib/test.sh"
requires make
unset MAKEFLAGS MFLAGS MAKELEVEL        # those of the make that runs the tests

build=$(realpath "$(dirname "$stripecopy")/..")
[ -f "$build/Makefile" ] || skip "this program was not built in this tree"

# Prints the names of all files in a folder.
installed () { (cd "$tmp/root" && find . -type f | sort); }

make -s -C "$build" install prefix=/usr DESTDIR="$tmp/root" \
     > "$output" 2> "$errors" || fail "make install"
installed > "$tmp/installed"
cat > "$tmp/expected" << 'END'
./usr/bin/stripecopy
./usr/bin/stripecopy-bench
./usr/lib/systemd/system/stripecopy@.service
./usr/share/bash-completion/completions/stripecopy
./usr/share/bash-completion/completions/stripecopy-bench
./usr/share/doc/stripecopy/AUTOMATION.md
./usr/share/doc/stripecopy/DROP-IN.md
./usr/share/doc/stripecopy/bench.schema.json
./usr/share/doc/stripecopy/events.schema.json
./usr/share/doc/stripecopy/manifest-report.schema.json
./usr/share/doc/stripecopy/monitoring/README.md
./usr/share/doc/stripecopy/monitoring/alerts-test.yml
./usr/share/doc/stripecopy/monitoring/alerts.yml
./usr/share/doc/stripecopy/monitoring/dashboard.json
./usr/share/doc/stripecopy/report.schema.json
./usr/share/man/man1/stripecopy-bench.1
./usr/share/man/man1/stripecopy.1
./usr/share/zsh/site-functions/_stripecopy
./usr/share/zsh/site-functions/_stripecopy-bench
END
grep -q '^systemdsystemunitdir = ..prefix' "$build/docs/Makefile" ||
  sed -i /systemd/d "$tmp/expected" # it has a folder of its own, or none
grep -q '^POD2MAN = .' "$build/docs/Makefile" || sed -i /man1/d "$tmp/expected"
cmp -s "$tmp/expected" "$tmp/installed" ||
  fail "installed: $(tr '\n' ' ' < "$tmp/installed")"

stripecopy=$tmp/root/usr/bin/stripecopy
copy_ok --version
grep -q '^stripecopy ' "$output" ||
  fail "--version does not begin with the name"

make -s -C "$build" uninstall prefix=/usr DESTDIR="$tmp/root" \
     > "$output" 2> "$errors" || fail "make uninstall"
[ -z "$(installed)" ] || fail "left behind: $(installed)"
