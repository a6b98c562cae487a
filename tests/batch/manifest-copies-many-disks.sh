#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --manifest: one disk that fails does not stop the seven others.  Its name is
# in the message, and its exit status is the status of the batch.  With maps, a
# second run copies only the rest.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

copy_ok --help
has_maps=no
! grep -q -e '--map=' "$output" || has_maps=yes

# A copy with each kind of side; the source of number 5 is missing.
{
  for i in 1 2 3 4 5 6 7 8; do
    make_islands "$tmp/disk$i" 6
    put_data "$tmp/disk$i" $((i * 100000)) 50000
    source="\"$tmp/disk$i\"" destination="\"$tmp/copy$i\"" more=
    case $i in
      2) source="[ \"nbdkit\", \"-r\", \"file\", \"$tmp/disk2\" ]" ;;
      3) make_ones "$tmp/copy3" 6M
         destination="[ \"nbdkit\", \"file\", \"$tmp/copy3\" ]" ;;
      4) more=', "threads": 1, "request-size": "64k", "flush": true' ;;
      6) serve_nbdkit src -r file "$tmp/disk6"; source="\"$src\"" ;;
    esac
    [ $has_maps = no ] || more+=", \"map\": \"$tmp/map$i\""
    [ $i -eq 1 ] && echo '[' || echo ','
    echo "{ \"disk\": \"number $i\", \"source\": $source," \
         "\"destination\": $destination $more }"
  done
  echo ']'
} > "$tmp/manifest"
mv "$tmp/disk5" "$tmp/hidden"

copy_fails 1 '^stripecopy: disk number 5: source .*/disk5: cannot open it' \
           --manifest="$tmp/manifest" --jobs=2
expect_error '^stripecopy: disk number 5: the copy exited with status 1$'
expect_error '^stripecopy: 7 of 8 disks are done$'
[ "$(grep -c 'exited with' "$errors")" -eq 1 ] || fail "others failed, too"
[ ! -e "$tmp/copy5" ] || fail "the copy that failed was begun"
for i in 1 2 3 4 6 7 8; do
  expect_identical "$tmp/disk$i" "$tmp/copy$i"
done

mv "$tmp/hidden" "$tmp/disk5"
copy_ok -v --manifest="$tmp/manifest" --jobs=2
expect_error '^stripecopy: 8 of 8 disks are done$'
for i in 1 2 3 4 5 6 7 8; do
  expect_identical "$tmp/disk$i" "$tmp/copy$i"
done
[ $has_maps = yes ] || exit 0
reading=$(grep -E 'request [0-9]+: read' "$errors" |
            grep -oE 'disk number [0-9]' | sort -u)
[ "$reading" = 'disk number 5' ] ||
  fail "the second run has read from: ${reading//$'\n'/, }"
