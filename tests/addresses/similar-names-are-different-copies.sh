#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A map belongs to one pair of names, even if their masked forms are equal: no
# copy counts as finished because of another one.  The secrets of an address may
# change, percent-encoded or not, and appear nowhere.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin memory

secret=open-sesame-45
make_data "$tmp/disk" 1M

# Files: the whole name counts, on either side, with its folder.
mkdir "$tmp/token=1" "$tmp/token=2" "$tmp/work"
others=("$tmp/key=2.img" "$tmp/password=two" "$tmp"/$'a\tb' "$tmp/token=2/x")
firsts=("$tmp/key=1.img" "$tmp/password=one" "$tmp"/$'a\nb' "$tmp/token=1/x")
for i in "${!firsts[@]}"; do
  cp "$tmp/disk" "${firsts[i]}"
  make_data "${others[i]}" 1M 7
  rm -f "$tmp/map"
  copy_ok --map="$tmp/map" "${firsts[i]}" "$tmp/work/copy"
  copy_fails 6 'source: .*, but the names differ in a part that is not shown$' \
             --map="$tmp/map" "${others[i]}" "$tmp/work/copy"
  expect_identical "$tmp/disk" "$tmp/work/copy"
  rm "$tmp/map" "${others[i]}"
  copy_ok --map="$tmp/map" "$tmp/disk" "${firsts[i]}"
  copy_fails 6 'destination.*: ' --map="$tmp/map" "$tmp/disk" "${others[i]}"
  [ ! -e "${others[i]}" ] || fail "a file was made: ${others[i]}"
done
program=$(realpath "$stripecopy")
rm -f "$tmp/map"
stripecopy=$program
cp "$tmp/disk" "$tmp/token=1/disk"
make_data "$tmp/token=2/disk" 1M 7
for folder in 1 2; do
  cd "$tmp/token=$folder"
  run_copy --map="$tmp/map" disk "$tmp/work/copy"
  [ $code -eq $((folder == 1 ? 0 : 6)) ] || fail "exit status $code"
  cd "$OLDPWD"
done
expect_error 'folder: .*, but the names differ in a part that is not shown$'

# Addresses: with another session or password it is the same disk, with another
# key it is not.
serve_nbdkit src memory 1M
with=${src/'///'/"//alice:$secret@/%2Fx%3Fsession_id%3D$secret%26vdi%3DA"}
told=(-v --map="$tmp/map" --report="$tmp/report" --events="$tmp/events")
rm -f "$tmp/map"
copy_ok "${told[@]}" "$with" "$tmp/work/copy"
! grep -rqF $secret "$tmp/map" "$tmp/report" "$tmp/events" "$errors" ||
  fail "a secret is shown: $(grep -rF $secret "$tmp/map" "$tmp/report" \
                                 "$tmp/events" "$errors")"
copy_ok "${told[@]}" "${with//$secret/another}" "$tmp/work/copy"
expect_error 'everything is copied already'
copy_fails 6 'source: ' "${told[@]}" "${with/vdi%3DA/vdi%3DB}" \
           "$tmp/work/copy"
! grep -qF $secret "$errors" || fail "a secret is shown"
copy_fails 6 'source: ' "${told[@]}" "${with/vdi%3DA/key%3DA}" \
           "$tmp/work/copy"

# A map of an earlier version may contain secrets, and lacks information.
sed -e 's/map version: .*/map version: 1/' -e '/ digest: /d' \
    -e "s/source: .*/source: ${src%%/*}$secret/" "$tmp/map" > "$tmp/old"
copy_fails 6 'another version of this program .*--resume=never$' \
           --map="$tmp/old" "$src" "$tmp/work/copy"
sed "s|source: .*|source: nbd://h/?token=$secret|; s/source digest: ./&0/" \
    "$tmp/map" > "$tmp/old"
copy_fails 6 'source: nbd://h/\?token=\*\*\* in the map' --map="$tmp/old" "$with" \
           "$tmp/work/copy"
! grep -qF $secret "$errors" || fail "a secret of the map is shown"
