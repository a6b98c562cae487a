#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --blkhash prints the digests that nbdcopy prints, and nothing else.

. "$(dirname "$0")/../lib/test.sh"
requires_digests
requires_plugin data
requires_plugin pattern

sha256=337355feb53a5309d5aba92796223c2c84ffab930e706c01fef573a2722545e6
while read -r option digest; do
  copy_ok "$option" [ nbdkit data '"hello"' ] null:
  expect_digest "$digest"
done <<END
--blkhash $sha256
--blkhash= $sha256
--blkhash=sha256 $sha256
--blkhash=SHA256/64k $sha256
--blkhash=Sha256/65536 $sha256
--blkhash=sha256/2G $sha256
--blkhash=md5 f741ac9ce55f5325906bb14e9c05d467
--blkhash=MD5/4 8262896de34125dec173722c920e8bd0
END

empty=af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc
copy_ok --blkhash [ nbdkit data '' ] null:
expect_digest $empty
copy_ok -p --blkhash [ nbdkit pattern 1M ] null:
expect_digest 516b9cc336368a4302005a1ba67c14e5eeb57f4888492a1920aaa7d0878c0272

# Into a file, which is replaced if it exists.  Without --blkhash, or with
# --plan, no file is made.
seq 100 > "$tmp/digest"
copy_ok --blkhash --blkhash-file="$tmp/digest" [ nbdkit data '"hello"' ] null:
[ ! -s "$output" ] || fail "standard output is not empty"
[ "$(cat "$tmp/digest")" = $sha256 ] || fail "not in the file: $sha256"
copy_ok --blkhash-file="$tmp/unused" [ nbdkit data '"hello"' ] null:
[ ! -s "$output" ] || fail "a digest was printed without --blkhash"
copy_ok --plan --blkhash=md5 --blkhash-file="$tmp/unused" \
        [ nbdkit data '"hello"' ] null:
[ ! -s "$output" ] || fail "--plan printed a digest"
expect_error 'plan: .* blkhash=md5/65536$'
[ ! -e "$tmp/unused" ] || fail "a file was made without a digest"

while read -r option text; do
  copy_fails 2 "^stripecopy: $text" "--blkhash=$option" null: null:
done <<'END'
x --blkhash: unknown digest algorithm 'x'$
sha256x/4 --blkhash: unknown digest algorithm 'sha256x'$
md5/3 --blkhash is not a power of two: 3$
md5/8G --blkhash is too large: 8G$
END
