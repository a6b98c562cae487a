#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A comparison that does not finish writes no list and leaves an older one as it
# is.  A list that cannot be written is refused before the first byte is copied,
# or ends the run with 1.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin eval

make_ones "$tmp/disk" 16M
make_data "$tmp/copy" 16M 7
cp "$tmp/copy" "$tmp/before"
serve_nbdkit dst file "$tmp/copy"

# expect_old_list: the run has said that it wrote none.
expect_old_list ()
{
  expect_error "--differences=$tmp/list: not written, because the comparison did"
  [ "$(cat "$tmp/list")" = old ] || fail "the old list was touched"
  [ "$(find "$tmp" -name '*stripecopy*' | wc -l)" -eq 0 ] || fail "files are left"
}

# A read fails after some have found differences.
echo old > "$tmp/list"
serve_faulty src --mode=read-error --after=3 "$tmp/disk"
copy_fails 1 'read failed' --compare --retries=0 --differences="$tmp/list" \
           "$src" "$dst"
expect_fired src
expect_old_list
rm "$tmp/list"
serve_faulty src --mode=read-error --after=3 "$tmp/disk"
copy_fails 1 'read failed' --compare --retries=0 --differences="$tmp/list" \
           "$src" "$dst"
[ ! -e "$tmp/list" ] || fail "a list was written: $(cat "$tmp/list")"
stop_server src

# A signal ends the comparison in the middle.
echo old > "$tmp/list"
make_gate "$tmp/gate"
serve_nbdkit src eval thread_model='echo parallel' can_multi_conn='exit 0' \
             get_size='echo 16777216' \
             pread="[ \$4 -lt 8388608 ] || { echo >> '$tmp/held'
                    : < '$tmp/gate'; }
                    dd if='$tmp/disk' bs=64k iflag=skip_bytes,count_bytes \
                       skip=\$4 count=\$3 status=none"
start_copy --compare -T 1 --differences="$tmp/list" "$src" "$dst"
is_held () { [ -s "$tmp/held" ]; }
wait_until is_held
kill -INT "$copy_pid"
wait_copy
open_gate "$tmp/gate"
expect_old_list
stop_server src

# The copy itself fails: the comparison was never begun.
serve_faulty full --mode=write-error --after=3 "$tmp/before"
copy_fails 1 'write failed' --retries=0 --verify --differences="$tmp/list" \
           "$tmp/disk" "$full"
expect_fired full
expect_old_list
stop_server full
cp "$tmp/copy" "$tmp/before"

# Places where no list can be written, and uses of one file for two things.
# refused PATTERN ARGS...
refused ()
{
  copy_fails 2 "$@" "$tmp/disk" "$tmp/copy"
  expect_identical "$tmp/before" "$tmp/copy"
}

stop_server dst
mkfifo "$tmp/fifo"
refused 'differences=.*/none/list: No such file' --verify \
        --differences="$tmp/none/list"
refused 'differences=.*/fifo: not a regular file' --verify \
        --differences="$tmp/fifo"
refused "differences=$tmp: not a regular file" --verify --differences="$tmp"
refused 'differences=.*/disk: is the same file as source' --verify \
        --differences="$tmp/disk"
refused 'differences=.*/copy: is the same file as destination' --compare \
        --differences="$tmp/copy"
for option in map report extents trace; do
  refused '(differences|map|report|extents|trace)=.*/list: is the same file as --' \
          --verify --differences="$tmp/list" --$option="$tmp/list"
done
refused 'differences requires --compare or --verify' --differences="$tmp/list"
refused 'differences=- cannot be used with --report' --compare \
        --differences=- --report=-
if "$stripecopy" --help | grep -q blkhash; then
  refused 'differences=- cannot be used with --blkhash' --compare \
          --differences=- --blkhash
fi
[ "$(cat "$tmp/list")" = old ] || fail "the old list was touched"

# With --plan, nothing is written.
copy_ok --plan --verify --differences="$tmp/list" "$tmp/disk" "$tmp/copy"
[ "$(cat "$tmp/list")" = old ] || fail "the old list was touched"

# No room for the list: the result of the comparison is there, but not the list.
if [ -w /dev/full ]; then
  code=0
  "$stripecopy" --compare --differences=- "$tmp/disk" "$tmp/copy" \
    > /dev/full 2> "$errors" < /dev/null || code=$?
  [ $code -eq 1 ] || fail "exit status $code"
  expect_error 'differences=-: No space left'
fi
if unshare -rm true 2> "$errors"; then
  mkdir "$tmp/small"
  # 400 ranges: that list is larger than the file system.
  cp "$tmp/disk" "$tmp/many"
  for ((i = 0; i < 400; i++)); do
    put_data "$tmp/many" $((i * 8192)) 512
  done
  # shellcheck disable=SC2016
  wrapper=(unshare -rm sh -c 'mount -t tmpfs -o size=8k tmpfs "$0" && exec "$@"'
           "$tmp/small" "${wrapper[@]}")
  copy_fails 1 'differences=.*/small/list: No space left' --compare \
             --differences="$tmp/small/list" "$tmp/disk" "$tmp/many"
  expect_error '204800 bytes of .* differ'
fi
