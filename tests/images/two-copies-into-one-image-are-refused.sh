#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A second copy into an image that another copy makes or writes is refused at
# once, at any moment, and does not disturb the first one.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2

make_islands "$tmp/disk" 8
make_data "$tmp/other" 8M
mkdir "$tmp/bin"
make_gate "$tmp/gate"
real=$(command -v qemu-nbd)
cat > "$tmp/bin/qemu-nbd" <<END
#!/usr/bin/env bash
# A server that opens the image for writing takes long to start.
case "\$*" in
  *discard*)
    echo > "$tmp/begun"
    : < "$tmp/gate" ;;
esac
exec -a qemu-nbd "$real" "\$@"
END
chmod +x "$tmp/bin/qemu-nbd"

# Runs a second copy during the one in the background.
second_copy ()
{
  local code=0
  "$stripecopy" --destination-format=qcow2 "$@" "$tmp/other" "$tmp/image" \
                < /dev/null > "$tmp/second" 2>&1 || code=$?
  [ $code -eq 5 ] || fail "exit status $code of a second copy"
}

# While the image is made.
path=$PATH
PATH=$tmp/bin:$path
start_copy --open-timeout="$limit" --destination-format=qcow2 "$tmp/disk" \
           "$tmp/image"
PATH=$path
wait_until test -e "$tmp/begun"
second_copy
second_copy --map="$tmp/map"
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code of the first copy"
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/image"

# While the image is written: the source is silent.
start_copy --destination-format=qcow2 \
           [ "$faulty_server" --mode=read-silent --log="$tmp/src.fired" \
             "$tmp/disk" ] "$tmp/image"
wait_until test -s "$tmp/src.fired"
second_copy
kill "$copy_pid"
kill "$copy_pid" || :
wait_copy
expect_same_disk raw "$tmp/disk" qcow2 "$tmp/image"
