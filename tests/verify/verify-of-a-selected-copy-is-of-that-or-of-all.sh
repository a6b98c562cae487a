#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# After a selected copy, --verify and --verify=copied compare what was selected,
# and read nothing else; --verify=all also finds what differs elsewhere.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_schemas

make_ones "$tmp/disk" 16M
make_ones "$tmp/old" 16M
put_data "$tmp/disk" 1048576 65536      # in the list
put_data "$tmp/disk" 9437696 512        # missing in the list
echo '[{"byte_offset":1048576,"size_bytes":65536}]' > "$tmp/list"
list=(--extents="$tmp/list" --report="$tmp/report" --events="$tmp/events")
serve_logged src -r file "$tmp/disk"

# verified STATUS SCOPE ARGS: copies, and compares so much.
verified ()
{
  local status=$1 scope=$2 bytes=65536
  shift 2
  [ "$scope" = selected ] || bytes=16777216
  cp "$tmp/old" "$tmp/copy"
  rm -f "$tmp/events"
  if [ "$status" -eq 0 ]; then
    copy_ok -p "$@" "${list[@]}" "$src" "$tmp/copy"
  else
    copy_fails "$status" 'differs .* offset 9437696 length 512$' "$@" \
               "${list[@]}" "$src" "$tmp/copy"
    expect_error ': 512 bytes of 16777216 differ, in 1 range$'
  fi
  expect_report "r['verify']['scope'] == '$scope'" \
                "r['verify']['compared'] == $bytes" \
                "r['bytes']['total'] == r['bytes']['data'] == 65536" \
                "r['bytes']['unselected'] == 16711680"
  expect_events "of('verify')[0]['scope'] == '$scope'" \
                "{e['to_compare'] for e in of('progress')} == {$bytes}" \
                "{e['total'] for e in of('progress')} == {65536}" \
                "of('progress')[-1]['compared'] == $bytes" \
                "all(e['percent'] <= 100 for e in of('progress'))"
}

for way in --verify --verify=auto --verify=copied; do
  verified 0 selected "$way"
  expect_error '^stripecopy: compared 64.0 KiB .*the rest was not selected, no difference$'
done
[ "$(request_bytes src Read)" -eq $((6 * 65536)) ] ||
  fail "$(request_bytes src Read) bytes were read"
verified 4 all --verify=all -T 1
verified 4 all --verify=all -T 3 -C 3
verified 4 all --verify=all --no-extents
put_data "$tmp/old" 9437696 512
verified 0 all --verify=all
expect_error '^stripecopy: compared 16.0 MiB .* zero on both sides, no difference$'
cp "$tmp/old" "$tmp/copy"

# An empty selection still proves the disk, or does not.
echo '[]' > "$tmp/nothing"
copy_fails 4 'differ' --verify=all --extents="$tmp/nothing" "$src" "$tmp/copy"
expect_identical "$tmp/old" "$tmp/copy"
copy_ok --verify --extents="$tmp/nothing" "$src" "$tmp/copy"
expect_identical "$tmp/old" "$tmp/copy"

# Of a shard, all of that shard.
put_data "$tmp/copy" 16000000 512       # in the last one
for i in 1 2; do
  copy_ok --verify=all --shard=$i/3 --report="$tmp/report" \
          --extents="$tmp/list" "$src" "$tmp/copy"
  expect_report "r['verify']['compared'] == 5 << 20"
done
copy_fails 4 ': 512 bytes of 6291456 differ' --verify=all --shard=3/3 \
           --extents="$tmp/list" "$src" "$tmp/copy"

# With a map: the range that differs is copied again only by another list.
cp "$tmp/old" "$tmp/copy"
put_data "$tmp/copy" 4096 512
map=(--map="$tmp/map" --extents="$tmp/list")
copy_ok "${map[@]}" "$src" "$tmp/copy"
copy_ok --verify "${map[@]}" "$src" "$tmp/copy"
copy_fails 4 'offset 4096 length 512$' --verify=all "${map[@]}" "$src" \
           "$tmp/copy"
copy_fails 4 'offset 4096 length 512$' --verify=all "${map[@]}" "$src" \
           "$tmp/copy"
copy_ok --verify=copied "${map[@]}" "$src" "$tmp/copy"

# The plan and the report say what was wanted.
copy_ok --plan -v --verify=all --report="$tmp/report" --extents="$tmp/list" \
        "$src" "$tmp/copy"
expect_error 'plan: .* verify=all'
expect_report "r['config']['verify'] == 'all'"
copy_ok --plan --verify --report="$tmp/report" --extents="$tmp/list" \
        "$src" "$tmp/copy"
expect_error 'plan: .* verify=copied'
expect_report "r['config']['verify'] is True"
copy_fails 2 'verify: must be one of auto\|copied\|all: some' --verify=some \
           "$src" "$tmp/copy"

# In a manifest, as before and with the new words.
for word in true '"copied"' '"all"'; do
  cp "$tmp/disk" "$tmp/copy"
  cat > "$tmp/manifest" <<END
[ { "source": "$src", "destination": "$tmp/copy",
    "extents": "$tmp/list", "verify": $word } ]
END
  copy_ok --manifest="$tmp/manifest"
done
