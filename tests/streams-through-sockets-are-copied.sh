#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Standard input and output may be sockets, and even the same one.

. "${srcdir:-.}/functions.sh"
requires socat

make_data "$tmp/disk" 4198401

# through SOCAT-ARGS...: what goes in and out by a socket.
through ()
{
  timeout "$limit" socat -t "$limit" "$@" < /dev/null 2> "$errors" ||
    fail "exit status $? from: socat $*"
  expect_identical "$tmp/disk" "$tmp/copy"
  rm "$tmp/copy"
}

copy="${wrapper[*]:+${wrapper[*]} }$stripecopy"
through -u EXEC:"$copy '$tmp/disk' -" CREATE:"$tmp/copy"
through -u FILE:"$tmp/disk" EXEC:"$copy - '$tmp/copy'"
through "FILE:$tmp/disk!!CREATE:$tmp/copy" EXEC:"$copy - -"
