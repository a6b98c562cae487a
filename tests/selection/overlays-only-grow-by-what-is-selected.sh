#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A destination that is a qcow2 overlay on the last full copy only gets the
# selected clusters: selected zeroes are zeroed in it, and nothing else is
# written, zeroed or trimmed.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2
requires python3

# The old disk has data everywhere; the new one differs in some clusters, and
# has zeroes in others, which are selected in part.
python3 - "$tmp" << 'END'
import json, random, sys
folder = sys.argv[1]
r = random.Random(5)
cluster, n = 65536, 400
old = bytearray(r.randbytes(cluster) * n)
new = bytearray(old)
selected = sorted(r.sample(range(n), 60))
for i in range(n):
    if i % 7 == 0:              # zero at the source, selected or not
        new[i * cluster:(i + 1) * cluster] = bytes(cluster)
for i in selected:
    if i % 7:
        new[i * cluster:(i + 1) * cluster] = r.randbytes(cluster)
want = bytearray(old)
for i in selected:
    want[i * cluster:(i + 1) * cluster] = new[i * cluster:(i + 1) * cluster]
assert any(i % 7 == 0 for i in selected)
for name, data in (("old", old), ("new", new), ("want", want)):
    open(f"{folder}/{name}", "wb").write(data)
json.dump({"startOffset": 0, "length": n * cluster,
           "changedArea": [{"start": i * cluster, "length": cluster}
                           for i in selected]}, open(f"{folder}/list", "w"))
json.dump(selected, open(f"{folder}/selected", "w"))
END
cp --sparse=always "$tmp/new" "$tmp/sparse" # with holes instead of zeroes

# expect_allocated: exactly the selected clusters are in the overlay.
expect_allocated ()
{
  qemu-img map --output=json "$tmp/overlay" > "$tmp/allocated"
  python3 - "$tmp" << 'END' || fail "other clusters are in the overlay: $1"
import json, sys
folder = sys.argv[1]
selected = json.load(open(f"{folder}/selected"))
got = set()
for e in json.load(open(f"{folder}/allocated")):
    if e["depth"] == 0:
        got |= set(range(e["start"] // 65536,
                         (e["start"] + e["length"]) // 65536))
if got != set(selected):
    sys.exit(f"extra {sorted(got - set(selected))},"
             f" missing {sorted(set(selected) - got)}")
END
}

for source in new sparse; do
  for options in '-C 1' '-C 4 -T 4' --no-extents --destination-is-zero=no \
                 --verify "--map=$tmp/map"; do
    rm -f "$tmp/overlay" "$tmp/map"
    qemu-img create -q -f qcow2 -b old -F raw "$tmp/overlay"
    serve_qemu_nbd src -t -r -e 8 -f raw "$tmp/$source"
    serve_qemu_nbd dst -t -e 8 -f qcow2 --discard=unmap --detect-zeroes=off \
                   "$tmp/overlay"
    # shellcheck disable=SC2086
    copy_ok $options --extents="$tmp/list" "$src" "$dst"
    stop_server src
    stop_server dst
    expect_same_disk raw "$tmp/want" qcow2 "$tmp/overlay"
    expect_allocated "$source $options"
  done
done

# As an image that stripecopy serves itself.
rm "$tmp/overlay"
qemu-img create -q -f qcow2 -b old -F raw "$tmp/overlay"
copy_ok --extents="$tmp/list" --external-files --destination-format=qcow2 \
        "$tmp/sparse" "$tmp/overlay"
expect_same_disk raw "$tmp/want" qcow2 "$tmp/overlay"
expect_allocated image
