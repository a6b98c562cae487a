#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Both sides may be exports of the same server.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin file

make_disks
mkdir "$tmp/disks"
mv "$tmp/disk" "$tmp/copy" "$tmp/disks"
serve_nbdkit both file dir="$tmp/disks"
copy_ok -T 4 -C 4 "${both/'?'/disk?}" "${both/'?'/copy?}"
expect_identical "$tmp/disks/disk" "$tmp/disks/copy"
