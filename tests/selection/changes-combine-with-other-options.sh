#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --changed with shards, a manifest, large blocks on either side, and a trace:
# each time the same is selected.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file
requires_filter blocksize-policy
requires_schemas

make_changes 7 12
serve_changes src "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
for i in 1 2 3; do
  copy_ok --shard=$i/3 "$changed" "$src" "$dst"
done
expect_identical "$tmp/want" "$tmp/copy"

cp "$tmp/old" "$tmp/copy"
cp "$tmp/old" "$tmp/copy2"
cat > "$tmp/manifest" <<END_OF_MANIFEST
[ { "disk": "one", "source": "$src", "destination": "$tmp/copy",
    "changed": "qemu:dirty-bitmap:b0", "map": "$tmp/map", "source-id": "1" },
  { "disk": "two", "source": "$src", "destination": "$tmp/copy2",
    "changed": "qemu:dirty-bitmap:b0" } ]
END_OF_MANIFEST
copy_ok --manifest="$tmp/manifest" --report="$tmp/report" --jobs=2
expect_identical "$tmp/want" "$tmp/copy"
expect_identical "$tmp/want" "$tmp/copy2"

# The total falls, and the percentage never does.
cp "$tmp/old" "$tmp/copy"
copy_ok --events="$tmp/events" --interval=0.2 --bwlimit=4M "$changed" \
        --trace="$tmp/trace" "$src" "$dst"
expect_identical "$tmp/want" "$tmp/copy"
python3 "$srcdir/lib/read-trace.py" "$tmp/trace" > "$tmp/counts" ||
  fail "the trace is damaged"
expect_events "all(e['total'] >= of('end')[0]['bytes']['total']
                   for e in of('progress'))" \
              "[e['percent'] for e in of('progress')] == \
               sorted(e['percent'] for e in of('progress'))" \
              "sum(of('end')[0]['bytes'][n]
                   for n in ('total', 'unselected')) == 4194817" \
              "of('end')[0]['bytes']['total'] > 1000000"
stop_server dst

# Blocks of 16 KiB at the destination: whole ones are written.
python3 - "$tmp" <<'END_OF_PYTHON'
import sys
folder, N = sys.argv[1], 16384
def read(name):
    return open(f"{folder}/{name}", "rb").read()
disk, old, changes = read("disk"), read("old"), read("changes")
end = len(disk) // N * N
want = b"".join((disk if any(changes[i // 4096:(i + N) // 4096]) else old)
                [i:i + N] for i in range(0, end, N))
for name, content in (("want", want), ("disk", disk[:end]), ("old", old[:end]),
                      ("changes", changes[:end // 4096])):
    open(f"{folder}/{name}", "wb").write(content)
END_OF_PYTHON
stop_server src
serve_changes src "$tmp/disk"
for n in 1 3; do
  cp "$tmp/old" "$tmp/copy"
  serve_nbdkit dst --filter=blocksize-policy file "$tmp/copy" \
               blocksize-minimum=16384 blocksize-preferred=65536 \
               blocksize-error-policy=error
  copy_ok -T $n -C $n --verify "$changed" "$src" "$dst"
  expect_identical "$tmp/want" "$tmp/copy"
  stop_server dst
done
