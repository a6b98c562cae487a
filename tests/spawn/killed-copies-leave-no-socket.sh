#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A copy that is killed leaves neither the sockets of its servers nor their
# folders behind.

. "$(dirname "$0")/../lib/test.sh"
requires_formats qcow2
requires_plugin curl

make_islands "$tmp/disk" 8
mkdir "$tmp/site"
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$tmp/site/image"
serve_web web "$tmp/site"

for source in "$tmp/site/image" "$web/image"; do
  rm -f "$tmp/dst.fired"
  start_copy --source-format=qcow2 "$source" \
             [ "$faulty_server" --mode=write-silent --log="$tmp/dst.fired" \
               "$tmp/disk" ]
  wait_until test -s "$tmp/dst.fired"
  kill -KILL "$copy_pid"
  wait_copy
  wait_until have_no_leftovers
  [ -z "$(ls -A "$tmp/private")" ] || fail "left: $(ls -A "$tmp/private")"
done
