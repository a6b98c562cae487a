#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A server that stops answering ends the copy after --stall-timeout, with a line
# that names it.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
patience=$((5 * factor))
for fault in 'source read' 'destination write'; do
  read -r side request <<< "$fault"
  serve_pair "$side" --mode="$request-silent" --after=3
  copy_fails 1 "^stripecopy: $side .*no answer for $patience s.* offset" \
             --stall-timeout=$patience --retries=0 "$src" "$dst"
  expect_fired "$faulty"
done
