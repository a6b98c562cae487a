#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If the server of an image outlives a copy that was killed, because it missed
# the signal, its guard process ends it.  The same command waits for that if the
# map is its own; other copies are refused while the image is locked.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2

make_islands "$tmp/disk" 8
mkdir "$tmp/bin"
mkfifo "$tmp/gate"
real=$(command -v qemu-nbd)
cat > "$tmp/bin/qemu-nbd" <<END
#!/usr/bin/env bash
# A server that misses a signal while it starts, as qemu-nbd does.
trap '' TERM
case "\$*" in
  *discard*)
    echo \$\$ > "$tmp/begun"
    read -r _ < "$tmp/gate" ;;
esac
trap - TERM
exec -a qemu-nbd "$real" "\$@"
END
chmod +x "$tmp/bin/qemu-nbd"
path=$PATH

is_locked ()
{
  grep -q "OFDLCK.*:$(stat -c %i "$tmp/image") " /proc/locks
}

is_free () { ! is_locked; }

# The server opened the image, or its guard has ended it already: it has the
# image for a moment only.
has_opened ()
{
  is_locked || ! kill -0 "$server" 2> /dev/null ||
    grep -q '^State:.*zombie' "/proc/$server/status"
}

for map in '' --map="$tmp/map"; do
  rm -f "$tmp/image" "$tmp/begun"
  qemu-img create -q -f qcow2 "$tmp/image" 8M
  PATH=$tmp/bin:$path
  start_copy ${map:+"$map"} --destination-format=qcow2 "$tmp/disk" "$tmp/image"
  wait_until test -s "$tmp/begun"
  server=$(cat "$tmp/begun")
  PATH=$path
  kill -KILL "$copy_pid"
  wait_copy
  ! is_locked || fail "another server has the image"
  kill -0 "$server" || fail "the server ended with the copy"
  echo > "$tmp/gate"
  wait_until has_opened
  [ -n "$map" ] || wait_until is_free
  copy_ok ${map:+"$map"} --destination-format=qcow2 "$tmp/disk" "$tmp/image"
  expect_same_disk raw "$tmp/disk" qcow2 "$tmp/image"
done

# The server of a running copy is left alone.
rm "$tmp/image"
start_copy --destination-format=qcow2 --retries=0 \
           [ "$faulty_server" --mode=read-silent --log="$tmp/src.fired" \
             "$tmp/disk" ] "$tmp/image"
wait_until test -s "$tmp/src.fired"
pid=$copy_pid copy_pid=
code=0
"$stripecopy" --destination-format=qcow2 "$tmp/disk" "$tmp/image" \
              2> "$tmp/second" || code=$?
[ $code -eq 5 ] || fail "exit status $code of a second copy"
copy_pid=$pid
copy_has_ended && fail "the first copy has ended"
kill "$copy_pid"
kill "$copy_pid" || :
wait_copy
