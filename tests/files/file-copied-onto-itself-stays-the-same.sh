#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# With --allow-same-disk, one file is source and destination, under any of its
# names: it is neither emptied nor cut, and ends as it was, also when the copy is
# killed or fails.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 32
dd if=/dev/zero of="$tmp/disk" bs=1M seek=9 count=1 conv=notrunc status=none
head -c 1000 /dev/zero | tr '\0' '\1' >> "$tmp/disk" # an odd size
cp --sparse=never "$tmp/disk" "$tmp/before"
ln "$tmp/disk" "$tmp/hard"
ln -s disk "$tmp/soft"
same=--allow-same-disk

# unchanged WHAT
unchanged ()
{
  cmp "$tmp/before" "$tmp/disk" || fail "the file was changed: $*"
  [ "$tmp/disk" -ef "$tmp/hard" ] || fail "the file was replaced: $*"
}

for name in disk hard soft; do
  for options in '' '-T 4' --synchronous --no-extents \
                 --destination-is-zero=yes '--destination-is-zero=no -S 0' \
                 --allocated "--map=$tmp/map" --verify --shard=1/3; do
    # shellcheck disable=SC2086
    copy_ok $same $options --report="$tmp/report" "$tmp/disk" "$tmp/$name"
    unchanged "$name $options"
    rm -f "$tmp/map"
  done
done
copy_ok $same --no-extents "$tmp/disk" "$tmp/soft"
copy_ok -v $same "$tmp/disk" "$tmp/soft"
expect_error 'copied .* data'       # it was read and written
copy_ok --compare $same "$tmp/disk" "$tmp/hard"
copy_ok --plan $same "$tmp/disk" "$tmp/hard"
expect_no_error 'no room'
unchanged plan

echo '[{"byte_offset": 3000000, "size_bytes": 9000000}]' > "$tmp/list"
copy_ok --extents="$tmp/list" $same "$tmp/disk" "$tmp/hard"
unchanged extents

# A copy that is killed, or fails, leaves it, too.  At this rate, it would take
# an hour.
for signal in KILL TERM; do
  start_copy $same --bwlimit=1k --events="$tmp/events" "$tmp/disk" "$tmp/hard"
  wait_until grep -qs '"ev": *"plan"' "$tmp/events"
  kill -$signal "$copy_pid"
  code=0
  wait "$copy_pid" 2> "$tmp/wait" || code=$?
  copy_pid=
  [ $code -eq $((128 + $(kill -l $signal))) ] || fail "exit status $code"
  unchanged "ended by $signal"
  rm "$tmp/events"
done

# Other files may be the sides, too.
copy_ok $same "$tmp/disk" "$tmp/copy"
expect_identical "$tmp/before" "$tmp/copy"

# What else is one file is refused as before.
# refused PATTERN ARGS...
refused ()
{
  copy_fails 2 "^stripecopy: $1\$" $same "${@:2}"
  unchanged "$*"
}
one='is the same file as'
for option in --map --report --events --trace --status-file; do
  refused "$option=.*: $one source .*" "$option=$tmp/hard" "$tmp/disk" \
          "$tmp/soft"
done
stream_fails 2 "^stripecopy: destination .*: $one source -$" $same - \
             "$tmp/disk" < "$tmp/disk"
unchanged stream
if command -v qemu-nbd > /dev/null; then
  for format in --source-format=qcow2 --destination-format=qcow2; do
    refused ".*: $one .*: an image cannot be both sides" $format "$tmp/disk" \
            "$tmp/hard"
  done
fi

# A program that relies on the file's content keeps the copy out.
serve_qemu_nbd src -t -r -f raw "$tmp/disk"
copy_fails 5 'destination .*in use' $same "$tmp/disk" "$tmp/hard"
unchanged used
