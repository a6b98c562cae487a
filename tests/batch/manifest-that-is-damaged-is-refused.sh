#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A damaged manifest is refused with status 2 and one line that names the place,
# before any copy begins.  No message contains a secret.

. "$(dirname "$0")/../lib/test.sh"

# refused PATTERN TEXT: also checks it as the last of several copies.
refused ()
{
  echo "$2" > "$tmp/manifest"
  copy_fails 2 "^stripecopy: .*/manifest: $1" --manifest="$tmp/manifest"
  [ "$(wc -l < "$errors")" -eq 1 ] || fail "more than one line about: $2"
  [ ! -e "$tmp/copy" ] || fail "a copy was begun: $2"
}

make_data "$tmp/disk" 1M
good="{ \"source\": \"$tmp/disk\", \"destination\": \"$tmp/copy\" }"
refused 'line 2, column [0-9]+: ' "[ $good"
refused 'line 3, column [0-9]+: ' "[ $good,"$'\n'$'\n'" { 'x' } ]"
refused "copy 2: unknown key 'sauce'" \
        "[ $good, { \"source\": \"a\", \"destination\": \"b\", \"sauce\": 1 } ]"
for key in extents differences; do # there is only one standard input, and output
  refused "copy 1: '$key' cannot be '-': name a file" \
          "[ ${good% \}}, \"verify\": true, \"$key\": \"-\" } ]"
done
refused "copy 2: 'destination' is missing" "[ $good, { \"source\": \"a\" } ]"
refused 'destination .* of copy 2: .* same file as .* of copy 1' \
        "[ $good, $good ]"
refused 'copy 2: --requests: ' \
        "[ $good, { \"requests\": 0, \"source\": \"a\",
           \"destination\": \"b\" } ]"
refused 'not a list' "$good"
copy_fails 2 '^stripecopy: .*/missing: cannot read the manifest: No such file' \
           --manifest="$tmp/missing"
copy_fails 2 '^stripecopy: --manifest does not take SOURCE or DESTINATION: ' \
           --manifest="$tmp/manifest" "$tmp/disk" "$tmp/copy"
copy_fails 2 '^stripecopy: --threads cannot be used with --manifest' \
           --manifest="$tmp/manifest" -T 2
copy_fails 2 '^stripecopy: --jobs: must be from 1 to ' --jobs=0 \
           --manifest="$tmp/manifest"

# Nothing to do is success.  Programs of Windows begin files with a byte order
# mark.
echo '[]' > "$tmp/manifest"
copy_ok --manifest="$tmp/manifest"
printf '\xef\xbb\xbf[]' > "$tmp/manifest"
copy_ok --manifest="$tmp/manifest"

secret=hunter2
echo "[ { \"source\": \"nbds://alice:$secret@localhost:1/\",
          \"destination\": \"$tmp/copy\" },
        { \"source\": [ \"false\", \"password=$secret\" ],
          \"destination\": \"null:\" } ]" > "$tmp/manifest"
copy_fails 1 '^stripecopy: 0 of 2 disks are done' -v \
           --manifest="$tmp/manifest" --jobs=2
expect_error 'disk 1: source nbds://'
expect_error 'disk 2: source .*password='
expect_no_error $secret
{ echo '[ { "source": "nbds://alice:'$secret'@localhost/" "x" } ]'; } \
  > "$tmp/manifest"
copy_fails 2 'line 1, column' --manifest="$tmp/manifest"
expect_no_error $secret
