#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy that is killed while it makes a new image leaves no image, and the same
# command resumes and removes the temporary file.  An empty file is replaced by
# an image, but no other file is, whatever a map says.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2 vmdk

make_islands "$tmp/disk" 8
mkdir "$tmp/bin" "$tmp/there"
real=$(command -v qemu-img)
cat > "$tmp/bin/qemu-img" <<END
#!/bin/sh
# A qemu-img that reports its start, and waits while it makes an image.
if [ "\$1" = create ] && [ -e "$tmp/slow" ]; then
  "$real" "\$@" 1>&2
  echo > "$tmp/begun"
  exec sleep 1000
fi
exec "$real" "\$@"
END
chmod +x "$tmp/bin/qemu-img"
PATH=$tmp/bin:$PATH
only_the_image ()
{
  [ "$(ls -A "$tmp/there")" = image ] ||
    fail "there is: $(ls -A "$tmp/there")"
}

for map in '' --map="$tmp/map"; do
  for format in qcow2 vmdk; do
    rm -rf "$tmp/map" "$tmp/there/image" "$tmp/begun"
    touch "$tmp/slow"
    start_copy ${map:+"$map"} --open-timeout=1000 --destination-format=$format \
               "$tmp/disk" "$tmp/there/image"
    wait_until test -e "$tmp/begun"
    kill -KILL "$copy_pid"
    wait_copy
    wait_until have_no_leftovers
    [ ! -e "$tmp/there/image" ] || fail "a partial image has the final name"
    rm "$tmp/slow"
    copy_ok ${map:+"$map"} --destination-format=$format "$tmp/disk" \
            "$tmp/there/image"
    expect_same_disk raw "$tmp/disk" $format "$tmp/there/image"
    only_the_image
  done
done

# A map of a copy that has copied nothing yet.
rm -f "$tmp/map" "$tmp/there/image" "$tmp/begun"
touch "$tmp/slow"
start_copy --map="$tmp/map" --open-timeout=1000 --destination-format=qcow2 \
           "$tmp/disk" "$tmp/there/image"
wait_until test -e "$tmp/begun"
kill -KILL "$copy_pid"
wait_copy
wait_until have_no_leftovers
rm "$tmp/slow"
cp "$tmp/map" "$tmp/began"
: > "$tmp/there/image"
chmod 640 "$tmp/there/image"
copy_ok --map="$tmp/map" --destination-format=qcow2 "$tmp/disk" \
        "$tmp/there/image"
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/there/image"
[ "$(stat -c %a "$tmp/there/image")" = 640 ] || fail "its mode has changed"
only_the_image

# A file with content is not replaced, with or without that map.
"$real" create -q -f qcow2 "$tmp/whole" 0
head -c 100000 "$tmp/whole" > "$tmp/half"
echo 'precious words' > "$tmp/words"
for content in disk half words; do
  cp "$tmp/$content" "$tmp/there/image"
  cp "$tmp/began" "$tmp/map"
  run_copy --map="$tmp/map" --destination-format=qcow2 "$tmp/disk" \
           "$tmp/there/image"
  [ $code -eq 1 ] || [ $code -eq 2 ] || fail "exit status $code for $content"
  expect_error '^stripecopy: destination '
  expect_identical "$tmp/$content" "$tmp/there/image"
done
head -c 100000 "$tmp/disk" > "$tmp/there/image"
copy_fails 1 'destination .*not in qcow2' --destination-format=qcow2 \
           "$tmp/disk" "$tmp/there/image"
[ "$(stat -c %s "$tmp/there/image")" = 100000 ] || fail "it was changed"
only_the_image

# An empty file, as mktemp makes it, needs no map.
: > "$tmp/there/image"
copy_ok --destination-format=qcow2 "$tmp/disk" "$tmp/there/image"
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/there/image"
only_the_image

# It is empty again when the copy fails.
: > "$tmp/there/image"
copy_fails 1 'source .*read failed' --retries=0 --destination-format=qcow2 \
           [ "$faulty_server" --mode=read-error --log="$tmp/faulty.fired" \
             "$tmp/disk" ] "$tmp/there/image"
[ ! -s "$tmp/there/image" ] || fail "a partial copy was left"
only_the_image
