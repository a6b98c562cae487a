#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A block device is recognised by its number, under any name, and a loop device
# also by its file.  No output is written to it.

. "$(dirname "$0")/../lib/test.sh"

make_data "$tmp/disk" 4M
make_data "$tmp/other" 4M 7
make_device device "$tmp/disk"
make_device second "$tmp/other"
mknod "$tmp/node" b "0x$(stat -c %t "$device")" "0x$(stat -c %T "$device")" \
      2> "$errors" || skip "no device nodes can be made here"
ln -s "$device" "$tmp/link"
md5sum "$tmp/disk" "$tmp/other" > "$tmp/sums"

# refused PATTERN ARGS...
refused ()
{
  copy_fails 2 "^stripecopy: $1" "${@:2}"
  sync "$tmp/disk" "$tmp/other"
  md5sum --quiet -c "$tmp/sums" || fail "a file was changed: $*"
  [ ! -e "$tmp/new" ] || fail "a file was made: $*"
}

for name in "$device" "$tmp/node" "$tmp/link" "$tmp/disk"; do
  refused 'destination .*: is the same (device|file) as source ' \
          "$device" "$name"
  refused 'destination .*: is the same (device|file) as source ' \
          "$name" "$tmp/node"
  for option in --report --events --status-file --trace --map; do
    refused "$option=.*: is the same (device|file) as source " \
            $option="$name" "$tmp/node" "$tmp/new"
    refused "$option=.*: is the same (device|file) as destination " \
            $option="$name" "$tmp/other" "$device"
  done
done

# Output is not written to an unused device, either.
for option in --report --events --status-file --trace --map; do
  refused "$option=.*: refusing to write to a disk$" $option="$second" "$tmp/disk" "$tmp/new"
done

# In a manifest.
cat > "$tmp/manifest" << END
[ { "source": "$tmp/other", "destination": "$tmp/node" },
  { "source": "$tmp/other", "destination": "$tmp/link" } ]
END
refused '.*: destination .* of copy 2: is the same device as .* of copy 1' \
        --manifest="$tmp/manifest"
cat > "$tmp/manifest" << END
[ { "source": "$tmp/other", "destination": "$device" },
  { "source": "$tmp/disk", "destination": "$tmp/new" } ]
END
refused '.*: destination .* of copy 1: is the same device as source .* 2' \
        --manifest="$tmp/manifest"
