#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Progress for programs: lines N/100, from 0 to a single 100, which is last and
# means success.  On standard error it is whole lines; on standard output there
# is nothing.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file
requires_plugin null
requires_filter error

make_disks 16
: > "$tmp/empty"
make_data "$tmp/tiny" 1

# Reads the file as migratekit does: the number before the slash.
expect_progress ()
{
  local file=$1 number last=0 hundreds=0
  [ "$(head -n 1 "$file")" = 0/100 ] || fail "it does not begin with 0/100"
  while IFS=/ read -r number rest; do
    [ "$rest" = 100 ] || fail "a line ends with: $rest"
    [ "$number" -ge "$last" ] || fail "it went from $last to $number"
    last=$number
    [ "$number" -lt 100 ] || hundreds=$((hundreds + 1))
  done < "$file"
  [ "$last/$hundreds" = "$2" ] || fail "it ends with $last/$hundreds"
  [ -z "$(tail -c 1 "$file")" ] || fail "no line end at the end"
}

done=100/1                      # last number, and lines with 100

for source in disk tiny empty; do
  copy_ok --progress=3 "$tmp/$source" "$tmp/copy" 3> "$tmp/progress"
  expect_progress "$tmp/progress" $done
  [ ! -s "$output" ] || fail "$source: standard output is not empty"
  expect_no_error '[0-9]/100$|%'
done
[ "$(wc -l < "$tmp/progress")" -eq 2 ] ||
  fail "an empty disk has more than two lines"

# To standard output and error, and to a descriptor that is opened for
# appending.
copy_ok --progress=1 "$tmp/disk" null:
expect_progress "$output" $done
copy_ok --progress=2 "$tmp/disk" null: --quiet
expect_progress "$errors" $done
echo 0/100 > "$tmp/progress"
copy_ok -p --progress=9 "$tmp/disk" null: 9>> "$tmp/progress"
expect_progress "$tmp/progress" $done

# Never 100 after a failure, not even if only the flush failed.  If no read
# succeeds and nothing is zero, progress stays at 0.
make_data "$tmp/data" 16M
serve_nbdkit broken --filter=error -r file "$tmp/data" error-pread-rate=100%
copy_fails 1 'read failed' --retries=0 --progress=3 "$broken" null: \
           3> "$tmp/progress"
expect_progress "$tmp/progress" 0/0
make_ones "$tmp/copy" 16M
serve_faulty unsafe --mode=flush-error "$tmp/copy"
copy_fails 1 'flush failed' --retries=0 --progress=3 "$tmp/disk" "$unsafe" \
           3> "$tmp/progress"
expect_fired unsafe
! grep -q 100/100 "$tmp/progress" ||
  fail "progress reached 100 although the flush failed"
copy_fails 2 'is too small' --progress=3 "$tmp/disk" [ nbdkit null 1k ] \
           3> "$tmp/progress"
[ ! -s "$tmp/progress" ] || fail "a refused copy has progress"

# In a log: whole lines without carriage returns, the last one with 100 %.
for source in disk empty; do
  copy_ok -p "$tmp/$source" "$tmp/copy"
  ! grep -q $'[\r\033]' "$errors" || fail "a bar is drawn into a file"
  [ "$(grep -c '^  100% \[\*\{40\}\] ' "$errors")" -eq 1 ] || fail "no 100 %"
  ! grep -vqE '^  [ 0-9]{3}% \[[*-]{40}\] |^stripecopy: copied ' "$errors" ||
    fail "a line is neither progress nor the summary"
  [ ! -s "$output" ] || fail "standard output is not empty"
done
