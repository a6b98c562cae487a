#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --update is refused for sides that cannot be read or written at any offset,
# with --compare, and with --destination-is-zero: exit status 2, nothing is
# changed.

. "$(dirname "$0")/../lib/test.sh"

make_disks 8
cp "$tmp/copy" "$tmp/before"

# refused PATTERN ARGS...
refused ()
{
  copy_fails 2 "^stripecopy: $1" --update "${@:2}"
  [ "$(grep -vc "^stripecopy: try '" "$errors")" -eq 1 ] || fail "not one line"
  expect_identical "$tmp/before" "$tmp/copy"
}

refused '--update cannot be used with --compare' --compare \
        "$tmp/disk" "$tmp/copy"
for option in --destination-is-zero --target-is-zero --destination-is-zero=no; do
  refused '--update cannot be used with --destination-is-zero' $option \
          "$tmp/disk" "$tmp/copy"
done
refused 'destination null:: cannot be compared' "$tmp/disk" null:
refused 'source -: cannot be compared: a stream' - "$tmp/copy"
refused 'destination -: cannot be compared: a stream' "$tmp/disk" -
mkfifo "$tmp/fifo"
refused 'destination .*fifo: cannot be compared: a stream' "$tmp/disk" "$tmp/fifo"

truncate -s 4M "$tmp/small"
serve_nbdkit small file "$tmp/small"
refused 'destination .* is too small' "$tmp/disk" "$small"
serve_nbdkit readonly -r file "$tmp/copy"
refused 'destination .* read-only' "$tmp/disk" "$readonly"
refused 'destination .*: is the same file as source' "$tmp/copy" "$tmp/copy"

echo '[{"byte_offset":0,"size_bytes":4096}]' > "$tmp/list"
refused 'destination .* must exist' --extents="$tmp/list" "$tmp/disk" "$tmp/none"
[ ! -e "$tmp/none" ] || fail "a file was created"

# A manifest refuses the same.
cat > "$tmp/manifest" <<END
[{"source": "$tmp/disk", "destination": "$tmp/copy", "disk": "a",
  "update": true, "compare": true}]
END
copy_fails 2 '--update cannot be used with --compare' \
           --manifest="$tmp/manifest"
expect_identical "$tmp/before" "$tmp/copy"

# And can update.
sed -i 's/, "compare": true//' "$tmp/manifest"
copy_ok --manifest="$tmp/manifest" --report="$tmp/report"
expect_identical "$tmp/disk" "$tmp/copy"
copy_ok --manifest="$tmp/manifest" --report="$tmp/report"
python3 - "$tmp/report" <<'END' || fail "the batch reports something else"
import json, sys
report = json.load(open(sys.argv[1]))
assert [d["status"] for d in report["disks"]] == ["unchanged"], report
END
