#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Contexts whose values are unknown, sources without contexts and options that
# contradict --changed are refused with exit status 2 and one line.

. "$(dirname "$0")/../lib/test.sh"
. "$(dirname "$0")/../lib/changes.sh"
requires_plugin file

make_changes 1
serve_changes src "$tmp/disk"
echo '[]' > "$tmp/list"

# refused PATTERN ARGS...
refused ()
{
  copy_fails 2 "$@"
  expect_identical "$tmp/old" "$tmp/copy"
  [ "$(grep -c "^stripecopy: [^t]" "$errors")" -eq 1 ] || fail "not one line"
}

for name in base:allocation qemu:dirty-bitmap: qemu:dirty-bitmap '' \
            qemu:allocation-depth: x-other:changes QEMU:allocation-depth; do
  refused 'changed.* must be qemu:dirty-bitmap:NAME or qemu:allocation-depth' \
          --changed="$name" "$src" "$tmp/copy"
done
refused '(changed|extents) cannot be used with --(extents|changed)' \
        "$changed" --extents="$tmp/list" "$src" "$tmp/copy"
if "$stripecopy" --help | grep -q blkhash; then
  refused '(changed|blkhash) cannot be used with --(blkhash|changed)' \
          "$changed" --blkhash "$src" "$tmp/copy"
fi
refused 'with --map requires --source-id' "$changed" \
        --map="$tmp/map" "$src" "$tmp/copy"
[ ! -e "$tmp/map" ] || fail "the map was created"

# Sources without contexts, and streams.
refused 'source .*no meta contexts' "$changed" "$tmp/disk" \
        "$tmp/copy"
refused 'source .*no meta contexts' "$changed" - "$tmp/copy"
copy_fails 2 'changed cannot be used with a stream' "$changed" \
           "$src" -
[ ! -s "$output" ] || fail "something was written"

# No such block device, and no image of another format than qcow2 has bitmaps.
if requires_formats vmdk; then
  qemu-img convert -f raw -O vmdk "$tmp/disk" "$tmp/disk.vmdk"
  refused 'b0' "$changed" \
          --source-format=vmdk "$tmp/disk.vmdk" "$tmp/copy"
fi
