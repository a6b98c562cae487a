#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A range that cannot be read, on either side, is neither equal nor different:
# the comparison fails and names the side.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_islands "$tmp/disk" 16
cp --sparse=always "$tmp/disk" "$tmp/same"
serve_faulty bad --mode=read-error --after=3 "$tmp/disk"
serve_faulty half --mode=read-half --after=3 "$tmp/disk"
serve_faulty gone --mode=read-cut --after=3 "$tmp/disk"
serve_nbdkit good file "$tmp/same"

for server in bad half gone; do
  copy_fails 1 '^stripecopy: destination ' --compare --retries=0 \
             "$good" "${!server}"
  copy_fails 1 '^stripecopy: source ' --compare --retries=0 \
             "${!server}" "$good"
  expect_fired $server
done
