#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy that is refused, or only planned, neither makes nor changes a file.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 8
make_ones "$tmp/old" 12M
cp -p "$tmp/old" "$tmp/before"
mkdir "$tmp/folder"
mkfifo "$tmp/pipe"
ln -s nothing "$tmp/nowhere"
truncate -s 1000 "$tmp/odd"
requires_filter blocksize-policy
serve_nbdkit rigid -r --filter=blocksize-policy file "$tmp/odd" \
             blocksize-minimum=512 blocksize-preferred=4096 \
             blocksize-maximum=1M

unchanged ()
{
  expect_identical "$tmp/before" "$tmp/old"
  [ "$(stat -c %y "$tmp/old")" = "$(stat -c %y "$tmp/before")" ] ||
    fail "the file was touched"
  [ ! -e "$tmp/new" ] || fail "a file was made"
}

for to in old new; do
  copy_ok --plan "$tmp/disk" "$tmp/$to"; unchanged
  copy_fails 2 'minimum block' "$rigid" "$tmp/$to"; unchanged
  copy_fails 1 'source .*No such file' "$tmp/missing" "$tmp/$to"; unchanged
  copy_fails 1 'source ' "nbd+unix:///?socket=$tmp/nobody" "$tmp/$to"
  unchanged
done
copy_fails 1 'destination .*No such file' "$tmp/disk" "$tmp/no/folder"
copy_fails 1 'destination .*link' "$tmp/disk" "$tmp/nowhere"
[ ! -e "$tmp/nothing" ] || fail "a link was followed to make a file"
copy_fails 2 'source .*: is a folder$' "$tmp/folder" "$tmp/new"
copy_fails 2 'destination .*: is a folder$' "$tmp/disk" "$tmp/folder"
unchanged

# The tests may run as root, which no file mode stops.
chmod 0555 "$tmp/folder"
if [ ! -w "$tmp/folder" ]; then
  copy_fails 1 'destination .*denied' --plan "$tmp/disk" "$tmp/folder/new"
  chmod 0444 "$tmp/old"
  copy_fails 1 'destination .*denied' "$tmp/disk" "$tmp/old"
fi
chmod 0755 "$tmp/folder"
