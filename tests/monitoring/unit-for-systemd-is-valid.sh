#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# systemd accepts the unit, and it starts the program where it is installed.

. "$(dirname "$0")/../lib/test.sh"
requires systemd-analyze

build=$(realpath "$(dirname "$stripecopy")/..")
[ -f "$build/Makefile" ] || skip "this program was not built in this tree"
unit=$build/docs/systemd/stripecopy@.service
[ -f "$unit" ] || fail "the unit was not built"

grep -q '^ExecStart=/.*/stripecopy --manifest=' "$unit" ||
  fail "the unit does not name the program"

# The program is not installed where the unit starts it.
ln -s "$(realpath "$stripecopy")" "$tmp/program"
sed "s|^ExecStart=[^ ]*|ExecStart=$tmp/program|" "$unit" \
    > "$tmp/stripecopy@.service"
systemd-analyze verify --man=no "$tmp/stripecopy@disks.service" \
                > "$tmp/verify" 2>&1 || fail "systemd: $(< "$tmp/verify")"
! grep -F 'stripecopy@' "$tmp/verify" || fail "systemd: $(< "$tmp/verify")"
