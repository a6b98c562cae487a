#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The redirect of a web server is resolved once, before the copy, and not for
# each read.  A password is sent to the first server only.

. "$(dirname "$0")/../lib/test.sh"
requires curl
requires_plugin curl

make_data "$tmp/disk" 8M
mkdir "$tmp/site"
ln "$tmp/disk" "$tmp/site/disk"
serve_web web "$tmp/site"

copy_ok --source-format=raw "$web/moved/disk" "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
redirects=$(grep -c ' /moved/disk ' "$tmp/web.requests")
reads=$(grep -c '^GET /disk ' "$tmp/web.requests")
[ "$redirects" -le 3 ] || fail "$redirects redirects"
[ "$reads" -gt 3 ] || fail "only $reads reads: too few to compare"

# A password is kept for redirects to the same server, and not for others.
copy_ok -v --source-format=raw "${web/'://'/"://alice:pass@"}/moved/disk" \
        "$tmp/copy"
grep -q ' user=' "$errors" || fail "the name was not passed on"
copy_ok -v --source-format=raw "${web/'://'/"://alice:pass@"}/abroad/disk" \
        "$tmp/copy"
expect_identical "$tmp/disk" "$tmp/copy"
expect_no_error ' (user|password)=|pass'
