#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --destination-options go to qemu-img when an image is created, and to nothing
# else; a map keeps them.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2 vdi vmdk

make_islands "$tmp/disk" 16
to=--destination-format=qcow2

# expect_info EXPRESSION: checks what qemu-img says about $tmp/new.
expect_info ()
{
  qemu-img info --output=json "$tmp/new" > "$tmp/info"
  python3 -c 'import json, sys
i = json.load (open (sys.argv[1])); d = i.get ("format-specific", {}).get ("data", {})
assert eval (sys.argv[2]), i' "$tmp/info" "$1" || fail "not so: $1"
}

copy_ok $to "$tmp/disk" "$tmp/new"
expect_info 'i["cluster-size"] == 65536 and not d["lazy-refcounts"]'
rm "$tmp/new"
options=cluster_size=2M,lazy_refcounts=on,refcount_bits=8
copy_ok $to --destination-options=$options "$tmp/disk" "$tmp/new"
expect_info 'i["cluster-size"] == 2 << 20 and d["lazy-refcounts"]'
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/new"
rm "$tmp/new"

# A preallocated image still reads as zeroes, and an empty file is replaced.
: > "$tmp/new"
copy_ok $to --destination-options=preallocation=falloc "$tmp/disk" "$tmp/new"
expect_info 'i["actual-size"] >= 16 << 20'
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/new"
rm "$tmp/new"
copy_ok --destination-format=vdi --destination-options=static=on "$tmp/disk" \
        "$tmp/new"
expect_same_disk raw "$tmp/disk" vdi "$tmp/new"
rm "$tmp/new"
copy_ok --destination-format=vmdk "$tmp/disk" "$tmp/new" \
        --destination-options=subformat=monolithicSparse,adapter_type=lsilogic
expect_same_disk raw "$tmp/disk" vmdk "$tmp/new"
rm "$tmp/new"

# A manifest has them for each copy.
cat > "$tmp/manifest" << END
[ { "source": "$tmp/disk", "destination": "$tmp/new",
    "destination-format": "qcow2", "destination-options": "cluster_size=4k" },
  { "source": "$tmp/disk", "destination": "$tmp/other",
    "destination-format": "qcow2" } ]
END
copy_ok --manifest="$tmp/manifest"
expect_info 'i["cluster-size"] == 4096'
mv "$tmp/other" "$tmp/new"
expect_info 'i["cluster-size"] == 65536'
rm "$tmp/new"

# The command that is repeated to resume may name them again, but not others.
options=cluster_size=4k
again=("--map=$tmp/map" "$to" "$tmp/disk" "$tmp/new")
copy_ok --destination-options=$options "${again[@]}"
sed -i '$s/.*/0x0 0x100000 +\n0x100000 0xF00000 ?/' "$tmp/map"
copy_fails 6 'destination-options=cluster_size=8k' \
           --destination-options=cluster_size=8k "${again[@]}"
copy_ok -p --destination-options=$options "${again[@]}"
expect_error ', 1.0 MiB resumed$'
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/new"
