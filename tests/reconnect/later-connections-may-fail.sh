#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# If a later connection is closed, refused or never answered, the copy goes on
# with fewer workers.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin eval

# The writes wait for the fault, or the first worker could copy all before.
n=0
for mode in connect-closed go-refused connect-silent; do
  make_disks
  n=$((n + 1)) src=src$n dst=dst$n
  make_gate "$tmp/gate$n"
  open_gate_when "$tmp/gate$n" test -s "$tmp/$src.fired"
  serve_faulty $src --mode=$mode --after=1 "$tmp/disk"
  serve_nbdkit $dst eval thread_model='echo parallel' can_multi_conn='exit 0' \
               get_size='echo 32M' pread='exit 1' can_flush='exit 0' \
               flush='exit 0' \
               pwrite=": < '$tmp/gate$n'
                       dd of='$tmp/copy' bs=64k oflag=seek_bytes seek=\$4 \
                          conv=notrunc status=none"
  copy_ok -T 4 -C 4 "${!src}" "${!dst}"
  expect_identical "$tmp/disk" "$tmp/copy"
  expect_fired $src
done
