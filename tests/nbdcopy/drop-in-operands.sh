#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The meaning of a name, the order in which the sides are opened, and the file
# that is named as the destination: as in nbdcopy.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin memory

stripecopy=$(realpath "$stripecopy")
make_islands "$tmp/disk" 8
serve_nbdkit src -r file "$tmp/disk"
cd "$tmp"

# The scheme of a URI may be in upper or lower case.  A name that only resembles
# a URI is a file.
for uri in "$src" "${src/nbd/NBD}" "${src/nbd+unix/NbD+UnIx}"; do
  : > copy
  copy_ok "$uri" copy
  expect_identical disk copy
done
for name in nbd:unix:x nbd:localhost:10809 nbd null: http: 'a b' -- -v '[x]'; do
  case $name in
    null:) copy_ok disk ./null: ;;
    *) copy_ok -- disk "$name" ;;
  esac
  expect_identical disk "./$name"
  : > copy
  copy_ok -- "$name" copy
  expect_identical disk copy
  rm "./$name"
done
copy_fails 1 'source nbd:unix:/x: .*No such file' nbd:unix:/x copy
copy_fails 1 'source null:: .*No such file' null: copy
copy_fails 1 'source : .*No such file' '' copy

# The source comes first: its error is reported, and its server is started
# first.
copy_fails 1 'source missing: .*No such file' missing no/such/folder
copy_fails 1 'source missing/x: .*No such file' missing/x missing/y
copy_fails 1 'source disk/x: .*Not a directory' disk/x copy
copy_fails 1 'destination disk/x: .*Not a directory' disk disk/x
cat > server <<'END'
echo "$1" >> order
exec nbdkit memory 1M
END
copy_ok [ sh ./server source ] [ sh ./server destination ]
copy_fails 1 'source missing' missing [ sh ./server destination ]
[ "$(tr '\n' ' ' < order)" = 'source destination ' ] ||
  fail "servers were started in this order: $(tr '\n' ' ' < order)"

# All words between brackets belong to the server, and the first ] ends them.
copy_ok [ sh -c 'exec nbdkit "$@"' [ -r --exit-with-parent file disk ] copy
expect_identical disk copy
copy_ok disk [ nbdkit -v file copy ] -C 2
expect_identical disk copy

# A file gets the size of the source, of any kind, and keeps its mode; a new
# file gets 0644 less the umask; a symbolic link stays a link.
umask 022
for source in disk "$src" "[ nbdkit file disk ]"; do
  make_ones longer 9M
  chmod 0600 longer
  ln -sf longer link
  rm -f new
  read -r -a words <<< "$source"
  copy_ok "${words[@]}" link
  copy_ok "${words[@]}" new
  expect_identical disk longer
  expect_identical disk new
  [ "$(stat -c %a:%F longer link new | tr '\n' ' ')" = \
    "600:regular file 777:symbolic link 644:regular file " ] ||
    fail "modes: $(stat -c %a:%F longer link new)"
done

# null: accepts all data.
copy_ok -v "$src" null: --destination-is-zero=no
expect_error 'destination null:: size=9223372036854775807 '

# A file that may not be read or written is named, with the reason.
if [ "$(id -u)" -ne 0 ]; then
  chmod 0000 copy
  copy_fails 1 'source copy: .*Permission denied' copy new
  copy_fails 1 'destination copy: .*Permission denied' disk copy
fi
