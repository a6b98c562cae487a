#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# When stripecopy is killed, the kernel sends its servers one SIGTERM.  A server
# that misses it, as qemu-nbd does while it starts, is still ended.

. "$(dirname "$0")/../lib/test.sh"

make_disks 16

# A server that ignores the first SIGTERM.
cat > "$tmp/forgetful" <<'END'
#!/usr/bin/env bash
folder=$1 forgotten=0
shift
trap '[ $forgotten = 0 ] || { kill -KILL $!; exit 0; }; forgotten=1
      : > "$folder/forgotten"' TERM
"$@" &
while kill -0 $!; do
  wait
done
END
chmod +x "$tmp/forgetful"

start_copy [ "$tmp/forgetful" "$tmp" "$faulty_server" --mode=read-silent \
             --log="$tmp/src.fired" "$tmp/disk" ] "$tmp/copy"
wait_until test -s "$tmp/src.fired"
kill -KILL "$copy_pid"
wait_copy
wait_until test -e "$tmp/forgotten"
wait_until have_no_leftovers
