#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Wrong --destination-options end the copy with 2 and one line, which has the
# reason of qemu-img.  Nothing is left, and nothing that existed is changed.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2 vdi vmdk

stripecopy=$(realpath "$stripecopy")
mkdir "$tmp/here"
cd "$tmp/here"
make_data disk 1M
make_data victim 1M 7
qemu-img create -q -f qcow2 old 1M
ln disk hard
: > empty
md5sum ./* > "$tmp/sums"
find . | sort > "$tmp/names"

# refused STATUS PATTERN ARGS...
refused ()
{
  copy_fails "$1" "^stripecopy: $2" "${@:3}"
  [ "$(grep -vc "^stripecopy: try '" "$errors")" -eq 1 ] ||
    fail "more than one line: ${*:3}"
  md5sum --quiet -c "$tmp/sums" || fail "a file was changed: ${*:3}"
  find . | sort | diff "$tmp/names" - || fail "a file was made or lost: ${*:3}"
}
to=--destination-format=qcow2

# Refused by qemu-img, which names the reason.
for name in new empty; do
  refused 2 "destination $name: .*qemu-img: .*Invalid parameter 'foo'" \
          $to --destination-options=foo=1 disk $name
  refused 2 "destination $name: .*Cluster size must be" \
          $to --destination-options=cluster_size=3 disk $name
  refused 2 "destination $name: .*Parameter 'cluster_size' expects" \
          $to --destination-options=cluster_size=3x --map=map disk $name
done
refused 2 ".*Parameter 'cluster_size' expects" disk new $to \
        --destination-options=cluster_size=64k,,preallocation=off
refused 2 '.*Backing file and preallocation' disk new $to \
        --destination-options=preallocation=full,backing_file=victim,backing_fmt=raw
refused 2 ".*Invalid parameter 'backing_file'" --destination-format=vdi disk new \
        --destination-options=backing_file=victim,backing_fmt=raw

# Text that is not KEY=VALUE cannot become another option of qemu-img, or its
# help.
for options in help '?' '' , = =x 'a=1,' 'a=1,help' '-o=x' '--object=x' a,b=1 \
               'a=1, b=2' 'a=1,,,' ; do
  refused 2 '--destination-options: must be KEY=VALUE' $to \
          --destination-options="$options" disk new
done
refused 2 '--destination-options: .*twice' $to \
        --destination-options=cluster_size=64k,cluster_size=4k disk new
refused 2 ".*Parameter 'cluster_size' expects" $to \
        --destination-options='cluster_size=-f raw victim' disk new

# Keys that would make it another image than one file of the source's size.
refused 2 '--destination-options: .*size' $to --destination-options=size=5 disk new
refused 2 '--destination-options: .*another file' $to disk new \
        --destination-options=data_file=victim
refused 2 '--destination-options: .*another file' $to disk new \
        --destination-options=cluster_size=64k,data_file=other
refused 2 '--destination-options: .*encrypted' $to disk new \
        --destination-options=encrypt.format=luks,encrypt.key-secret=x
for sub in monolithicFlat twoGbMaxExtentSparse twoGbMaxExtentFlat \
                          streamOptimized; do
  refused 2 '--destination-options: .*monolithicSparse' disk new \
          --destination-format=vmdk --destination-options=subformat=$sub
done

# Backing files.
back=backing_file=victim,backing_fmt=raw
refused 2 '--destination-options: backing_file requires backing_fmt' $to \
        --destination-options=backing_file=victim disk new
refused 2 '--destination-options: backing_fmt requires backing_file' $to \
        --destination-options=backing_fmt=raw disk new
refused 2 '.*backing_file of a vmdk image must begin with a slash' disk new \
        --destination-format=vmdk --destination-options=$back
refused 2 '.*is not in qcow2 format|.*not in qcow2 format' $to disk new \
        --destination-options=backing_file=victim,backing_fmt=qcow2
refused 2 ".*'none': No such file" $to disk new \
        --destination-options=backing_file=none,backing_fmt=raw
for name in nbd:localhost:1 nbd://localhost json:{} file:victim; do
  refused 2 '--destination-options: .*name of a file' $to disk new \
          --destination-options=backing_file=$name,backing_fmt=raw
done
for name in new empty; do
  refused 2 "destination $name: is the same file as a backing file" $to disk \
          $name --destination-options=backing_file=$name,backing_fmt=raw
done
for option in --report --map --events --status-file --trace; do
  refused 2 "$option=./victim: is the same file as a backing file of the dest" \
          $option=./victim $to --destination-options=$back disk new
done
cat > "$tmp/manifest" << END
[ { "source": "disk", "destination": "new", "destination-format": "qcow2",
    "destination-options": "$back" },
  { "source": "disk", "destination": "./victim" } ]
END
refused 2 '.*: destination ./victim of copy 2: is the same file as a backing' \
        --manifest="$tmp/manifest"

# Destinations that are not created.
refused 2 'destination old: exists already' $to --destination-options=a=1 disk old
refused 2 'destination new: .*a raw disk' --destination-format=raw disk new \
        --destination-options=a=1
refused 2 '--destination-options requires --destination-format' disk new \
        --destination-options=a=1
refused 2 'destination nbd://localhost: .*for files and devices' $to disk \
        nbd://localhost --destination-options=a=1
refused 2 '--destination-options cannot be used with --compare' --compare $to \
        --destination-options=a=1 disk old
