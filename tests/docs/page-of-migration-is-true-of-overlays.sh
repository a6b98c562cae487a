#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of MIGRATION.md for rounds with overlays, while the disk is
# written to.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
. "$srcdir/lib/qemu.sh"
requires_formats qcow2

make_islands "$tmp/disk" 16
qemu-img convert -f raw -O qcow2 "$tmp/disk" "$page_folder/old.qcow2"
serve_qemu old qcow2 "$page_folder/old.qcow2"
make_page_qmp old
guest old 'write -P 1 0 64k'
meanwhile old 'write -P 2 1M 1M' 'write -z 9M 64k' 'discard 10M 64k'
meanwhile old 'write -P 3 0 32k' 'write -P 4 12M 64k'
run_section MIGRATION.md "With overlays"
expect_written_meanwhile
expect_same_disk qcow2 "$page_folder/overlay-2.qcow2" raw "$page_folder/new.img"
