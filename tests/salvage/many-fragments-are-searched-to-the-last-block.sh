#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A claim of a worker can have very many small ranges of data of which none can
# be read as a whole: each is searched, and only the bad blocks are left.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/salvage.sh"
requires_plugin file
requires python3

# 4 KiB of data after each 8 KiB of zeroes, with a bad block at its end.
python3 - "$tmp" <<'END'
import sys
folder, period, n = sys.argv[1], 4096 + 8192, 1600
with open(f"{folder}/disk", "wb") as f, open(f"{folder}/bad", "w") as bad:
    for i in range(n):
        f.seek(i * period + 8192)
        f.write(b"%15d\n" % i * 256)
        bad.write(f"{i * period + 11776} 512\n")
END
make_ones "$tmp/copy" "$(stat -c %s "$tmp/disk")"
cp "$tmp/copy" "$tmp/ones"
serve_bad src
copy_fails 1 '819200 of 19660800 bytes cannot be read, in 1600 places' \
           --salvage --retries=0 -T 1 -R 2 --map="$tmp/map" \
           "$src" "$tmp/copy"
expect_bad_in_map "$tmp/map"
