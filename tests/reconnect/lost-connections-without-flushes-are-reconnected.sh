#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Workers also reconnect to a destination that is never flushed, because it
# cannot flush or must not, and do not wait for a flush.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 32
serve_nbdkit src -r file "$tmp/disk"

# copy_unflushed SERVER-OPTION OPTION: copies without flushes; either can be
# empty.
copy_unflushed ()
{
  make_ones "$tmp/copy" 32M
  serve_faulty dst --mode=drop --after=40 --times=2 ${1:+"$1"} "$tmp/copy"
  copy_ok -v -C 2 -T 2 --request-size=64k --retry-wait=0.01 ${2:+"$2"} \
          "$src" "$dst"
  expect_fired dst
  expect_error 'worker [01] has reconnected$'
  expect_identical "$tmp/disk" "$tmp/copy"
  stop_server dst
}

copy_unflushed --without=flush
copy_unflushed '' --no-flush
