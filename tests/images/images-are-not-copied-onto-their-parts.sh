#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The backing files and the data files of an image are parts of it.  A copy that
# would write to them is refused with 2 before anything is touched.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2 vmdk

mkdir "$tmp/folder"
stripecopy=$(realpath "$stripecopy")
cd "$tmp/folder"
make_data base 2M
qemu-img create -q -f qcow2 -b base -F raw middle
mkdir sub
qemu-img create -q -f qcow2 -b ../middle -F qcow2 sub/top
qemu-io -c 'write -q -P 5 1M 1M' sub/top
nested='json:{"driver":"raw","file":{"driver":"file","filename":"base"}}'
qemu-img create -q -f qcow2 -b "$nested" -F raw nested 2M
qemu-img create -q -f qcow2 -o data_file=../data sub/outside 2M
qemu-img create -q -f vmdk -o subformat=monolithicFlat sub/flat.vmdk 2M
ln base hard
find . -type f -exec md5sum {} + > "$tmp/sums"

# refused PATTERN ARGS...
refused ()
{
  copy_fails 2 "^[a-z]+: $1\$" "${@:2}"
  md5sum --quiet -c "$tmp/sums" || fail "a file was changed: $*"
  [ ! -e new ] || fail "a file was made: $*"
}
same='is the same file as a file of the source image,'
from=--source-format=qcow2 to=--destination-format=qcow2

refused "destination base: $same base" $from middle base
refused "destination base: $same .*/base" $from sub/top base
refused "destination middle: $same .*middle" $from $to sub/top middle
refused "destination hard: $same .*base" $from sub/top hard
refused "destination base: $same base" $from nested base
refused "destination data: $same .*data" $from sub/outside data
refused "destination sub/flat-flat.vmdk: $same .*" --source-format=vmdk \
        sub/flat.vmdk sub/flat-flat.vmdk
refused "destination base: $same .*" --source-format=auto sub/top base
refused "--report=base: $same .*" --report=base $from sub/top new
refused "--map=data: is the same file as a data file of the destination.*" \
        --map=data $to base sub/outside
refused "a data file of the destination image, .*: .* as source data" $to data \
        sub/outside
refused "--trace=base: .* a backing file of the destination image, .*" \
        --trace=base $to sub/outside middle

# Files that are only read may be used twice.
copy_fails 4 differ --compare $from sub/top base
