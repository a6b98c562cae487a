#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A name in /dev that is not a device is refused as a destination, and no file
# is made there.  For other missing destinations, --plan says that they do not
# exist yet.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
[ -w /dev ] || skip "files cannot be made in /dev"

make_data "$tmp/disk" 1M
name=stripecopy-test-$$
ln -s /dev "$tmp/link"

expect_refused ()
{
  local made=no
  run_copy "$@"
  if [ -e "/dev/$name" ]; then
    rm -f "/dev/$name"
    made=yes
  fi
  [ $made = no ] || fail "a file was made in /dev: $*"
  [ $code -eq 2 ] || fail "exit status $code from: stripecopy $*"
  expect_error "^stripecopy: destination $3: (no such device|is a reg)"
}

for to in "/dev/$name" "/dev/none/../$name" "$tmp/link/$name" \
          "/dev/$name/$name"; do
  expect_refused --plan "$tmp/disk" "$to"
  expect_refused --retries=0 "$tmp/disk" "$to"
  expect_refused --destination-format=qcow2 "$tmp/disk" "$to"
done
code=0
stripecopy=$(realpath "$stripecopy")
(cd /dev && run_copy "$tmp/disk" "$name" && exit $code) || code=$?
[ ! -e "/dev/$name" ] || { rm -f "/dev/$name"; fail "a file was made"; }
[ $code -eq 2 ] || fail "exit status $code from within /dev"

# A regular file that another program made in /dev by mistake is refused, too.
: > "/dev/$name"
code=0
run_copy "$tmp/disk" "/dev/$name"
size=$(stat -c %s "/dev/$name")
rm -f "/dev/$name"
[ $code -eq 2 ] || fail "exit status $code for a file in /dev"
[ "$size" -eq 0 ] || fail "the file was written to"

# Elsewhere.
copy_ok --plan --report="$tmp/report" "$tmp/disk" "$tmp/new"
expect_error '^stripecopy: destination .*/new: does not exist yet'
expect_report "r['destination']['exists'] is False"
[ ! -e "$tmp/new" ] || fail "--plan made it"
copy_ok "$tmp/disk" "$tmp/new"
copy_ok --plan --report="$tmp/report" "$tmp/disk" "$tmp/new"
expect_no_error 'does not exist yet'
expect_report "r['destination']['exists'] is True"
stream_ok "$tmp/disk" /dev/stdout < /dev/null > "$tmp/out"
expect_identical "$tmp/disk" "$tmp/out"
if [ -w /dev/shm ]; then
  copy_ok "$tmp/disk" "/dev/shm/$name"
  rm "/dev/shm/$name"
fi
