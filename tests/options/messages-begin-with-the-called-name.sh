#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If stripecopy is called by a link with another name, all its messages begin
# with that name: usage, errors, warnings, plans, verbose lines, summaries, the
# line for a signal, and the folders of its servers.  Only --version names the
# program.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks 8
ln -s "$(realpath "$stripecopy")" "$tmp/nbdcopy"
stripecopy=$tmp/nbdcopy
serve_faulty unsafe --without=flush "$tmp/copy"

# Checks that every line begins with the name, and that a line matches PATTERN.
only_its_name ()
{
  expect_error "$1"
  ! grep -vqE '^(nbdcopy: |  [ 0-9]{3}% )' "$errors" ||
    fail "a line does not begin with the name"
  ! grep -q stripecopy: "$errors" || fail "a line has another name"
}

copy_fails 2 '^nbdcopy: unknown' --nonsense
only_its_name "^nbdcopy: try 'nbdcopy --help'$"
copy_fails 1 '^nbdcopy: source ' "$tmp/missing" null:
only_its_name 'No such file'
copy_fails 2 '^nbdcopy: destination ' "$tmp/disk" "$tmp/disk"
copy_ok --plan "$tmp/disk" null:
only_its_name '^nbdcopy: plan: '
copy_ok -v -p "$tmp/disk" "$unsafe"
only_its_name '^nbdcopy: warning: destination .*flush'
only_its_name '^nbdcopy: worker [01] request '
only_its_name '^nbdcopy: copied '
copy_ok --help
grep -q '^  nbdcopy \[OPTIONS\] SOURCE DESTINATION$' "$output" || fail "--help"
copy_ok --version
grep -qx 'stripecopy [0-9.]*' "$output" || fail "--version"

# The folder of its server.
# shellcheck disable=SC2016
copy_ok [ sh -c 'ls "$TMPDIR" >&2; exec nbdkit file "$0"' "$tmp/disk" ] null:
expect_error '^nbdcopy-......$'

# At this rate, it would take a quarter of an hour.
serve_logged src -r file "$tmp/disk"
start_copy --bwlimit=1k "$src" null:
wait_until has_request src Read
kill -USR1 "$copy_pid"
wait_until grep -q % "$errors"
kill -TERM "$copy_pid"
wait_copy
[ $code -eq 143 ] || fail "exit status $code"
only_its_name '^nbdcopy: .*[0-9]% '
only_its_name '^nbdcopy: ended by signal 15 '

# docs/DROP-IN.md says that with -q all output is errors, for programs that
# looked for "error:".
copy_ok -q -p "$tmp/disk" "$unsafe"
[ ! -s "$errors" ] || fail "a copy that succeeds prints something with -q"
copy_fails 1 '^nbdcopy: source .*: No such file' -q "$tmp/missing" null:
[ "$(wc -l < "$errors")" -eq 1 ] || fail "an error is not one line with -q"
