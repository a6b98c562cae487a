#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file with content is overwritten only with --overwrite, and nothing is
# written if the command line is wrong.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/measuring.sh"

make_data "$tmp/disk" 1M
echo precious > "$tmp/copy"
run_bench 2 --rounds=1 --against=/bin/cp "$tmp/disk" "$tmp/copy"
expect_error 'cannot be overwritten without --overwrite.*a file with content$'
[ "$(cat "$tmp/copy")" = precious ] || fail "it was overwritten"

run_bench 0 --rounds=1 --against=/bin/cp --overwrite "$tmp/disk" "$tmp/copy"
expect_error 'rounds? with .* a file that each copy overwrites$'
cmp "$tmp/disk" "$tmp/copy" || fail "it was not overwritten"

# An empty file is nobody's loss, and it stays.
: > "$tmp/empty"
run_bench 0 --rounds=1 --against=/bin/cp "$tmp/disk" "$tmp/empty"
cmp "$tmp/disk" "$tmp/empty" || fail "the file does not stay"

refused ()
{
  local pattern=$1
  shift
  run_bench 2 "$@"
  expect_error "^stripecopy-bench: $pattern"
  [ ! -e "$tmp/new" ] || fail "a file was written"
}
refused 'a source and a destination are needed' "$tmp/disk"
refused 'a third operand' "$tmp/disk" "$tmp/new" "$tmp/third"
refused 'a stream cannot be copied more than once' - "$tmp/new"
refused 'unknown option: --round' --round=2 "$tmp/disk" "$tmp/new"
refused '--rounds: 0: too small' --rounds=0 "$tmp/disk" "$tmp/new"
refused '--rounds: x: not a number' --rounds x "$tmp/disk" "$tmp/new"
refused '--calls takes no value' --calls=1 "$tmp/disk" "$tmp/new"
refused '"\[" without "\]"' [ nbdkit "$tmp/new"
refused '--json: .*: Is a directory|--json: .*: not a regular file' \
        --json="$tmp" "$tmp/disk" "$tmp/new"
ln -s nowhere "$tmp/dangling"
refused 'destination .*/dangling: is a symbolic link that leads nowhere' \
        "$tmp/disk" "$tmp/dangling"
refused '--json: /dev/stdout: standard output goes to the same file' \
        --json=/dev/stdout "$tmp/disk" "$tmp/new"
refused '--html: .*: No such file' --html="$tmp/no/x" "$tmp/disk" "$tmp/new"

# The results must not take the place of what is copied, whatever its name is,
# and no program is asked to copy a file onto itself.
ln -s disk "$tmp/link"
cp "$tmp/disk" "$tmp/disk.before"
for option in --json --html; do
  refused "$option: .*/link: the source has the same file" \
          "$option=$tmp/link" "$tmp/disk" "$tmp/new"
  refused "$option: .*/disk: the source has the same file" \
          "$option=$tmp/disk" [ nbdkit file "file=$tmp/link" ] "$tmp/new"
  refused "$option: .*/new: the destination has the same file" \
          "$option=$tmp/../${tmp##*/}/new" "$tmp/disk" "$tmp/new"
done
refused '--json and --html: .*/new: one file' --json="$tmp/new" \
        --html="$tmp/new" "$tmp/disk" null:
refused 'destination .*/link: is the same disk as the source' \
        --against=/bin/false --overwrite "$tmp/disk" "$tmp/link"
cmp "$tmp/disk" "$tmp/disk.before" || fail "the source was overwritten"

code=0
"$bench" --rounds=1 --against=/bin/cp "$tmp/disk" "$tmp/new" > /dev/full \
  2> "$errors" || code=$?
[ $code -eq 1 ] || fail "exit status $code with a full standard output"
expect_error '^stripecopy-bench: standard output: No space left on device$'

run_bench 0 --help
grep -oE '^  --[a-z]+' "$output" | tr -d ' ' > "$tmp/options"
grep -oE '^=item B<--[a-z]+' "$srcdir/../docs/stripecopy-bench.pod" |
  sed 's/.*</ /; s/ //' > "$tmp/described"
cmp "$tmp/options" "$tmp/described" || fail "the man page and --help differ"
