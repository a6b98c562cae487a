#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Data and holes of a sparse disk are copied; the destination checks each byte.

. "$(dirname "$0")/../lib/test.sh"
requires_plugin sparse-random

serve_logged src sparse-random 256M seed=1
serve_logged dst sparse-random 256M seed=1
copy_ok "$src" "$dst"
[ "$(request_bytes dst Write)" -gt 0 ] || fail "no data was written"

# The check works: other data is refused.
serve_nbdkit other sparse-random 256M seed=2
copy_fails 1 '^stripecopy: destination .*offset [0-9]+ length [0-9]+' \
           --retry-wait=0.01 "$src" "$other"
