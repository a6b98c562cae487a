#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A new image with a backing file reads as the source, also where that has zeroes
# and the backing file has data, and is longer or shorter; the backing file stays
# as it was.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2

stripecopy=$(realpath "$stripecopy")
cd "$tmp"
make_islands disk 16
put_data disk $((16 << 20)) 1000        # an odd size
for size in 4 16 32; do
  make_data base$size ${size}M 7
done
qemu-img convert -f raw -O qcow2 base16 base.qcow2
qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 base,chain
mkdir folder
md5sum base* > sums

# overlay BACKING FORMAT [OPTIONS...]: the backing file is in the folder above.
overlay ()
{
  rm -f folder/new
  copy_ok --destination-format=qcow2 "${@:3}" disk folder/new \
          --destination-options="backing_file=../${1//,/,,},backing_fmt=$2"
  md5sum --quiet -c sums || fail "a backing file was changed: $*"
  qemu-img info folder/new > info
  grep -qxF "backing file: ../$1 (actual path: folder/../$1)" info ||
    fail "not the backing file that was asked for: $(cat info)"
  expect_same_disk raw disk qcow2 folder/new
}

overlay base4 raw
overlay base16 raw
rm folder/new

# An image has whole sectors: the last one would show a longer backing file.
copy_fails 2 'destination .*the end of the image would show its backing file' \
           --destination-format=qcow2 disk folder/new \
           --destination-options=backing_file=../base32,backing_fmt=raw
[ ! -e folder/new ] || fail "an image was made"
truncate -s +24 disk
overlay base32 raw
overlay base.qcow2 qcow2 -T 3
overlay base,chain qcow2
overlay base16 raw --no-extents
overlay base16 raw --allocated
overlay base16 raw --destination-is-zero=no
overlay base16 raw --verify --map=map
rm -f map

# The source may be the backing file, and an absolute name is one, too.
rm folder/new
cp disk base
copy_ok --destination-format=qcow2 base folder/new \
        --destination-options="backing_file=$PWD/base,backing_fmt=raw"
expect_same_disk raw disk qcow2 folder/new
expect_identical disk base
rm folder/new

# A promise that is wrong is believed, with a warning, as for other disks.
copy_ok --destination-format=qcow2 --destination-is-zero=yes disk folder/new \
        --destination-options=backing_file=../base16,backing_fmt=raw
expect_error 'warning: .*does not read as zeroes'
rm folder/new

# A copy that was ended resumes.
copy_ok --destination-format=qcow2 --map=map disk folder/new \
        --destination-options=backing_file=../base16,backing_fmt=raw
sed -i '$s/.*/0x0 0x100000 +\n0x100000 0xF00400 ?/' map
copy_ok -p --destination-format=qcow2 --map=map disk folder/new \
        --destination-options=backing_file=../base16,backing_fmt=raw
expect_error ', 1.0 MiB resumed$'
expect_same_disk raw disk qcow2 folder/new
rm folder/new map

# Only selected data is in the overlay of a full copy.  An empty selection
# makes an empty one.  The backing file has to have the source's size.
make_data full 16M 7
make_data changed 16M 7
put_data changed $((3 << 20)) 128K
dd if=/dev/zero of=changed bs=64k seek=100 count=2 conv=notrunc status=none
cat > list << END
[ { "byte_offset": $((3 << 20)), "size_bytes": $((128 << 10)) },
  { "byte_offset": $((100 << 16)), "size_bytes": $((128 << 10)) } ]
END
copy_ok --destination-format=qcow2 --extents=list changed folder/new \
        --destination-options=backing_file=../full,backing_fmt=raw
expect_same_disk raw changed qcow2 folder/new
qemu-img map --output=json folder/new > map.json
python3 -c 'import json
m = [e for e in json.load (open ("map.json")) if e["depth"] == 0]
assert sum (e["length"] for e in m) == 256 << 10, m
assert sum (e["length"] for e in m if e["zero"]) == 128 << 10, m' ||
  fail "not exactly the selected clusters are in it: $(cat map.json)"
rm folder/new

# An update finds by itself what has changed.
copy_ok --destination-format=qcow2 --update changed folder/new \
        --destination-options=backing_file=../full,backing_fmt=raw
expect_same_disk raw changed qcow2 folder/new
qemu-img map --output=json folder/new > map.json
python3 -c 'import json
m = [e for e in json.load (open ("map.json")) if e["depth"] == 0]
assert sum (e["length"] for e in m) == 256 << 10, m' ||
  fail "more is in the overlay than has changed: $(cat map.json)"
rm folder/new
echo '[]' > list
copy_ok --destination-format=qcow2 --extents=list changed folder/new \
        --destination-options=backing_file=../full,backing_fmt=raw
expect_same_disk raw full qcow2 folder/new
rm folder/new
copy_fails 2 'destination .*its backing file must have the size of the source' \
  --destination-format=qcow2 --extents=list changed folder/new \
  --destination-options=backing_file=../base32,backing_fmt=raw
[ ! -e folder/new ] || fail "an image was made"
