#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A regular file has one writer at a time: copies and QEMU see each other's
# locks, and the second one is refused with status 5 and nothing is touched.
# Shards of one file may be copied together, but not two copies of the same
# shard.

. "$(dirname "$0")/../lib/test.sh"
requires qemu-io qemu-img qemu-nbd
requires_plugin eval

make_islands "$tmp/disk" 16
make_data "$tmp/other" 16M

# Reads from the gate wait until the test writes to it.
mkfifo "$tmp/gate"
exec {gate}<> "$tmp/gate"
export disk=$tmp/disk fifo=$tmp/gate reading=$tmp/reading
serve_nbdkit slow eval get_size='echo 16M' can_multi_conn='exit 0' \
  pread='touch "$reading"; head -c 1 "$fifo" > /dev/null
         dd if="$disk" skip="$4" count="$3" iflag=skip_bytes,count_bytes,fullblock \
            status=none'

# Starts a copy that stops in the middle until the gate opens.
start_slow ()
{
  rm -f "$reading"
  start_copy --threads=1 "$@"
  wait_until test -e "$reading"
}

end_slow ()
{
  printf '%99s' '' >&"$gate"
  wait_copy
  [ $code -eq 0 ] || fail "exit status $code of the first copy"
  while read -r -N 1 -t 0 -u "$gate"; do
    read -r -N 1 -u "$gate"
  done
}

# Runs a second copy, with output files of its own, during the first one.
second_fails ()
{
  local first=$copy_pid output=$tmp/second.out errors=$tmp/second.err
  copy_pid=
  code=0
  TMPDIR=$tmp/private timeout -k 5 "$limit" "${wrapper[@]}" "$stripecopy" \
    "$@" < /dev/null > "$output" 2> "$errors" || code=$?
  copy_pid=$first
  [ $code -eq 5 ] || fail "exit status $code of the second: $*"
  expect_error "^stripecopy: .*in use by another"
}

qemu_is_refused ()
{
  ! "$@" > "$tmp/qemu" 2>&1 || fail "QEMU can open the file: $*"
  grep -q 'Failed to get .*lock' "$tmp/qemu" ||
    fail "QEMU prints: $(< "$tmp/qemu")"
}

for to in new old; do
  make_ones "$tmp/old" 1M
  start_slow "$slow" "$tmp/$to"
  second_fails "$tmp/other" "$tmp/$to"
  second_fails --plan "$tmp/other" "$tmp/$to"
  second_fails --map="$tmp/map" "$tmp/other" "$tmp/$to"
  second_fails --shard=1/2 "$tmp/other" "$tmp/$to"
  second_fails "$tmp/$to" null:
  second_fails --compare "$tmp/other" "$tmp/$to"
  qemu_is_refused qemu-io -f raw -c 'write 0 512' "$tmp/$to"
  qemu_is_refused qemu-img convert -n -f raw -O raw "$tmp/other" "$tmp/$to"
  qemu_is_refused qemu-img convert -f raw -O raw "$tmp/$to" "$tmp/unmade"
  end_slow
  expect_identical "$tmp/disk" "$tmp/$to"
  copy_ok "$tmp/other" "$tmp/$to"
  expect_identical "$tmp/other" "$tmp/$to"
done

# A source may have many readers, and no writers.
cp "$tmp/disk" "$tmp/source"
cp "$tmp/disk" "$tmp/before"
serve_nbdkit sink eval get_size='echo 16M' can_flush='exit 0' \
  can_write='exit 0' pread='head -c "$3" /dev/zero' \
  pwrite='touch "$reading"; head -c 1 "$fifo" > /dev/null; cat > /dev/null'
start_slow "$tmp/source" "$sink"
first=$copy_pid copy_pid=
TMPDIR=$tmp "${wrapper[@]}" "$stripecopy" "$tmp/source" null: < /dev/null \
  > "$tmp/second.out" 2> "$tmp/second.err" || fail "a second reader is refused"
copy_pid=$first
second_fails "$tmp/other" "$tmp/source"
end_slow
expect_identical "$tmp/before" "$tmp/source"

# QEMU has the file open.
qemu_has ()
{
  cp "$tmp/disk" "$tmp/copy"
  serve_qemu_nbd qemu --persistent -f raw "$@" "$tmp/copy"
}

qemu_has
copy_fails 5 'destination .*in use by another' "$tmp/other" "$tmp/copy"
copy_fails 5 'destination .*in use' --shard=1/2 "$tmp/other" "$tmp/copy"
copy_fails 5 'source .*in use by another program: .*QEMU' "$tmp/copy" null:
stop_server qemu
qemu_has -r
copy_fails 5 'destination .*in use by another' "$tmp/other" "$tmp/copy"
copy_ok "$tmp/copy" "$tmp/new"
expect_identical "$tmp/disk" "$tmp/new"
stop_server qemu

# Shards of one file.
rm "$tmp/new"
start_slow --shard=1/2 "$slow" "$tmp/new"
second_fails "$tmp/disk" "$tmp/new"
second_fails --shard=1/2 "$tmp/disk" "$tmp/new"
second_fails --shard=2/3 "$tmp/disk" "$tmp/new"
qemu_is_refused qemu-io -f raw -c 'write 0 512' "$tmp/new"
first=$copy_pid copy_pid=
copy_code=0
"${wrapper[@]}" "$stripecopy" --shard=2/2 "$tmp/disk" "$tmp/new" \
                < /dev/null > "$tmp/second.out" 2> "$tmp/second.err" ||
  copy_code=$?
copy_pid=$first
[ $copy_code -eq 0 ] || fail "the other shard fails: $(< "$tmp/second.err")"
end_slow
expect_identical "$tmp/disk" "$tmp/new"
