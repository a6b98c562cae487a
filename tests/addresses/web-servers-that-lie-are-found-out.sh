#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a web server does not send the requested ranges, or replaces its file
# during the copy, the copy fails.

. "$(dirname "$0")/../lib/test.sh"
requires curl
requires_plugin curl
requires_plugin eval
requires_formats qcow2

make_data "$tmp/disk" 8M
make_data "$tmp/other" 8M 5
mkdir "$tmp/site"
cp "$tmp/disk" "$tmp/site"
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/site/image"
serve_web web "$tmp/site"

# The server advertises ranges, but sends the whole file.
for path in liar/disk head-liar/disk late-liar/disk; do
  copy_fails 1 '^stripecopy: source .*the whole file' \
             --source-format=raw "$web/$path" "$tmp/new"
  [ ! -e "$tmp/new" ] || fail "a destination was made"
done
copy_fails 1 '^stripecopy: source .*the whole file' \
           --source-format=qcow2 "$web/late-liar/image" "$tmp/new"

# The server does not support ranges and says so: the error names another way.
for more in '' --plan; do
  copy_fails 2 'curl -fL ADDRESS \| stripecopy - DESTINATION' \
             ${more:+"$more"} --source-format=raw "$web/whole/disk" "$tmp/new"
  copy_fails 2 'fetch the image first' ${more:+"$more"} \
             --source-format=qcow2 "$web/whole/image" "$tmp/new"
  [ ! -e "$tmp/new" ] || fail "a destination was made"
done
curl -sfL "$web/whole/disk" | stream_ok - "$tmp/copy" > "$output"
expect_identical "$tmp/disk" "$tmp/copy"

# The server refuses HEAD, which nbdkit needs.
run_copy --source-format=raw "$web/headless/disk" "$tmp/new"
case $code in
  0) expect_identical "$tmp/disk" "$tmp/new" ;;
  1) expect_error '^stripecopy: source .*HEAD .*403.*curl -fL' ;;
  *) fail "exit status $code" ;;
esac
rm -f "$tmp/new"

# The file is replaced by one of the same size, after some of it was written.
replace=("[" nbdkit eval get_size='echo 8M' can_write='exit 0'
         can_flush='exit 0' flush='exit 0'
         pwrite="cat > /dev/null; ln '$tmp/other' '$tmp/site/disk.new' || :"
         "]")
copy_fails 1 '^stripecopy: source .*has changed' --source-format=raw \
           "$web/swapped/disk" "${replace[@]}"
[ -e "$tmp/site/disk.new" ] || fail "the file was not replaced"

# The map marks nothing as finished.
rm "$tmp/site/disk.new"
copy_fails 1 '^stripecopy: source .*has changed' --map="$tmp/map" \
           --source-format=raw "$web/swapped/disk" "${replace[@]}"
[ "$(finished_bytes "$tmp/map")" -eq 0 ] ||
  fail "the map marks data as finished"

# The copy is not resumed.
rm -f "$tmp/site/disk.new" "$tmp/map"
touch "$tmp/copy"
copy_ok --map="$tmp/map" --source-format=raw "$web/swapped/disk" "$tmp/copy"
sed -i '$s/.*/0x0 0x100000 +\n0x100000 0x700000 ?/' "$tmp/map"
cp "$tmp/other" "$tmp/site/disk.new"
copy_fails 6 'source id' --map="$tmp/map" --source-format=raw \
           "$web/swapped/disk" "$tmp/copy"
rm "$tmp/site/disk.new"
copy_ok --map="$tmp/map" --source-format=raw "$web/swapped/disk" "$tmp/copy"

# An honest server.
copy_ok --source-format=raw "$web/disk" "$tmp/new"
expect_identical "$tmp/disk" "$tmp/new"
for size in 0 1 2 65536 65537 65538; do
  head -c $size "$tmp/disk" > "$tmp/site/small"
  copy_ok --source-format=raw "$web/small" "$tmp/new"
  expect_identical "$tmp/site/small" "$tmp/new"
done
