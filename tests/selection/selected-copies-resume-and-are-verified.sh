#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A selected copy that was killed resumes from its map with the same selection,
# in any format, and not with another one.  Only selected ranges are compared.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin eval
requires python3

make_disks 32
cp "$tmp/copy" "$tmp/want"
# Every second MiB, in two formats; and another selection.
python3 - "$tmp" <<'END'
import json, sys
folder, M = sys.argv[1], 1 << 20
with open(f"{folder}/disk", "rb") as a, open(f"{folder}/want", "r+b") as b:
    for i in range(0, 32, 2):
        a.seek(i * M)
        b.seek(i * M)
        b.write(a.read(M))
with open(f"{folder}/list", "w") as f:
    json.dump([{"byte_offset": i * M, "size_bytes": M}
               for i in range(0, 32, 2)], f)
with open(f"{folder}/same", "w") as f:
    f.write("0 ? 1\n")
    for i in range(32):
        f.write(f"{i * M} {M} {'+?'[i % 2]}\n")
with open(f"{folder}/other", "w") as f:
    json.dump([{"byte_offset": 0, "size_bytes": M}], f)
END

# Killed after the first checkpoint, while no read of the second half is
# answered.
hold_reads_at "$tmp/disk" "$tmp/gate" '-ge 16777216'
serve_nbdkit src "${held[@]}"
serve_nbdkit dst file "$tmp/copy"
map=(--map="$tmp/map" --map-interval=1)
start_copy "${map[@]}" -T 1 -C 1 --extents="$tmp/list" "$src" "$dst"

first_is_finished ()
{
  grep -sqE '^0x00000000  0x[0-9A-F]+  \+' "$tmp/map"
}

wait_until first_is_finished
kill -KILL "$copy_pid"
wait_copy
open_gate "$tmp/gate"           # or the source's scripts would wait on
stop_server dst
stop_server src

serve_nbdkit src -r file "$tmp/disk"
serve_nbdkit dst file "$tmp/copy"
copy_fails 6 'map is for a different copy: options: ' "${map[@]}" \
           --extents="$tmp/other" "$src" "$dst"
copy_fails 6 'map is for a different copy: options: ' "${map[@]}" "$src" "$dst"
copy_ok --report="$tmp/report" "${map[@]}" --extents="$tmp/same" "$src" "$dst"
expect_identical "$tmp/want" "$tmp/copy"
grep -qE '"total":16777216,.*"resumed":[1-9]' "$tmp/report" ||
  fail "nothing was resumed: $(cat "$tmp/report")"
expect_error ': resuming: .* are copied already, 1?[0-9][.][0-9] MiB are left$'
grep -q '"durable_bytes":16777216' "$tmp/report" ||
  fail "more is stored than was selected: $(cat "$tmp/report")"
copy_ok --report="$tmp/report" "${map[@]}" --extents="$tmp/list" "$src" "$dst"
grep -q '"status":"unchanged"' "$tmp/report" || fail "there was more to do"

# Only selected ranges are compared; the rest differs.
copy_ok --compare --extents="$tmp/list" "$src" "$dst"
copy_fails 4 'differ' --compare "$src" "$dst"
make_ones "$tmp/copy" 32M
copy_ok --verify -T 3 --extents="$tmp/list" "$src" "$dst"
expect_identical "$tmp/want" "$tmp/copy"

# Shards and a selection.
make_ones "$tmp/copy" 32M
for i in 1 2 3; do
  copy_ok --shard=$i/3 --extents="$tmp/list" "$src" "$dst"
done
expect_identical "$tmp/want" "$tmp/copy"

# A manifest has selections, too.
make_ones "$tmp/copy" 32M
cat > "$tmp/manifest" <<END
[ { "disk": "one", "source": "$src", "destination": "$dst",
    "extents": "$tmp/list" } ]
END
copy_ok --manifest="$tmp/manifest"
expect_identical "$tmp/want" "$tmp/copy"
