#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The completion for bash offers the program's options and values, in the right
# places.

. "$(dirname "$0")/../lib/test.sh"

set +eu                         # as in the shell that will source it
. "$srcdir/../docs/stripecopy.bash" || fail "it cannot be sourced"

# Writes the completions of the last of these words to $tmp/offered.
offer ()
{
  COMP_WORDS=(stripecopy "$@")
  COMP_CWORD=$#
  COMPREPLY=()
  _stripecopy "$stripecopy" 2> "$errors"
  printf '%s\n' "${COMPREPLY[@]}" | sort -u > "$tmp/offered"
  [ ! -s "$errors" ] || fail "the completion prints errors"
}

offered () { grep -qxF -e "$1" "$tmp/offered" || fail "not offered: $1"; }

# Checks that exactly these words are offered.
offered_are ()
{
  printf '%s\n' "$@" | sort -u | cmp -s - "$tmp/offered" ||
    fail "not exactly: $* but: $(tr '\n' ' ' < "$tmp/offered")"
}

complete -p stripecopy > "$output" || fail "it is not installed"

# Exactly the options of --help.
offer -
run_copy --long-options
cp "$output" "$tmp/options"
run_copy --short-options
cat "$output" >> "$tmp/options"
sort -u -o "$tmp/options" "$tmp/options"
sed 's/=$//' "$tmp/offered" | sort -u | cmp - "$tmp/options" ||
  fail "the completion and --help differ in options"

offer --connecti; offered_are --connections=
offer --no-e; offered_are --no-extents
offer --dest
offered_are --destination-format= --destination-is-zero --destination-is-zero= \
            --destination-options=

# Values, with "=" as a word of its own and without.
offer --destination-is-zero =; offered_are auto yes no
offer --destination-is-zero = y; offered_are yes
offer --target-is-zero=a; offered_are --target-is-zero=auto
offer --destination-format = q; offered_are qcow2
offer --source-format=v
offered_are --source-format=vdi --source-format=vhdx --source-format=vmdk \
            --source-format=vpc
offer --connections =; offered_are ''

# File names, if --help says FILE.
touch "$tmp/some-disk" "$tmp/some disk"
if grep -qxF -e --blkhash-file "$tmp/options"; then
  offer --blkhash-file = "$tmp/some-"; offered_are "$tmp/some-disk"
  offer "--blkhash-file=$tmp/some-"
  offered_are "--blkhash-file=$tmp/some-disk"
fi

# Operands, and the command of a server.
offer ''; offered '['; offered null:; offered nbd://
offered https://
offer -p nul; offered_are null:
offer [ ca; offered cat
offer [ nbdkit -; ! grep -qx -e --allocated "$tmp/offered" ||
  fail "our options are offered for a server's command"
offer "$tmp/some"; offered_are "$tmp/some-disk" "$tmp/some disk"
offer -p nbd://one/disk "$tmp/some-"; offered_are "$tmp/some-disk"
offer [ nbdkit "$tmp/some-d"; offered_are "$tmp/some-disk"
offer [ nbdkit ] --alloc; offered_are --allocated
