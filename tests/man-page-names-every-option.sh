#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The man page, --help, the lists for completion and the parser's table name the
# same options, with the same arguments, bounds and defaults.

. "${srcdir:-.}/functions.sh"

man_page=${srcdir:-.}/../docs/stripecopy.pod
table=${srcdir:-.}/../copy/options/options.c

# What two sources say of the same thing, one a line.
expect_agreement ()
{
  sort -u -o "$1" "$1"
  sort -u -o "$2" "$2"
  [ -s "$1" ] || fail "$3: nothing found"
  diff "$1" "$2" > "$tmp/diff" || fail "$3 differ: $(cat "$tmp/diff")"
}

# The section of the options, without what makes words bold or italic.
sed -n '/^=head1 OPTIONS/,/^=head1 WORKERS/p' "$man_page" |
  sed -e ':again' -e 's/[BIC]<\([^<>]*\)>/\1/g' -e 't again' > "$tmp/options"

# "-C, --connections=N" from each side.
grep '^=item ' "$tmp/options" | sed 's/^=item //; s/^\(-.\) [A-Z]*,/\1,/' \
  > "$tmp/in-man"
copy_ok --help
sed -n 's/^  \(\(-., \)\{0,1\}--[^ ]*\).*/\1/p' "$output" > "$tmp/in-help"
grep -q blkhash "$tmp/in-help" || sed -i '/blkhash/d' "$tmp/in-man"  # not built
hidden='^--(long|short)-options$'
[ "$(grep -cE -e "$hidden" "$tmp/in-man")" -eq 2 ] ||
  fail "the man page does not name the hidden options"
grep -vE -e "$hidden" "$tmp/in-man" > "$tmp/shown-in-man"
expect_agreement "$tmp/shown-in-man" "$tmp/in-help" "man page and --help"

# The lists.
copy_ok --long-options
cp "$output" "$tmp/long"
grep -oE -e '--[a-z-]+' "$tmp/in-help" > "$tmp/long-in-help"
expect_agreement "$tmp/long-in-help" "$tmp/long" "--help and --long-options"
copy_ok --short-options
cp "$output" "$tmp/short"
grep -oE '^-[A-Za-z]' "$tmp/in-help" > "$tmp/short-in-help"
expect_agreement "$tmp/short-in-help" "$tmp/short" "--help and --short-options"

# The parser's table.  What is not built is no option yet, but is spoken of.
sed -n 's/^  { "\([a-z-]*\)", .*/--\1/p' "$table" > "$tmp/rows"
sed -n 's/^  { "\([a-z-]*\)", 0, NOT_BUILT.*/--\1/p' "$table" > "$tmp/not-built"
while read -r name; do
  grep -qF "C<$name>" "$man_page" || fail "the man page does not speak of $name"
done < "$tmp/not-built"
{ cat "$tmp/not-built"; grep -oE -e '--[a-z-]+' "$tmp/in-man"; } > "$tmp/all"
expect_agreement "$tmp/all" "$tmp/rows" "man page and parser"

# Prints what the man page says of an option, in one line.
paragraphs_of ()
{
  awk -v name="$1" '
    /^=item / { if (!items++) found = 0
                found = found || $0 ~ (name "([^a-z-]|$)"); next }
    /^./ { items = 0 }
    found { printf "%s ", $0 }' "$tmp/options"
}

expect_words ()
{
  paragraphs_of "$1" | grep -qF -e "$2" || fail "the man page of $1 lacks: $2"
}

# Bounds: what the program says when they are crossed.  What is a file's name is
# one in our folder.
program=$(realpath "$stripecopy")
bounds=0
while read -r name; do
  (cd "$tmp" && "${wrapper[@]}" "$program" "$name=99999999999999") \
    2> "$errors" || :
  range=$(sed -n 's/^.*: must be \(.*from .*\): 9*$/\1/p' "$errors")
  [ -n "$range" ] || continue
  expect_words "$name" "$range"
  bounds=$((bounds + 1))
done < "$tmp/long"
[ $bounds -ge 12 ] || fail "only $bounds options have bounds"

# Defaults: what --help says, in the man page and in a plan.
copy_ok --help
tr -s ' \n' ' ' < "$output" | sed 's/ \(-., \)*--/\n--/g' |
  sed -n 's/^\(--[a-z-]*\).*(default \([0-9]*[KMG]*\).*/\1 \2/p' \
  > "$tmp/defaults"
[ "$(wc -l < "$tmp/defaults")" -ge 7 ] || fail "few defaults in --help"
while read -r name default; do
  expect_words "$name" "default is $default"
done < "$tmp/defaults"

requires_plugin memory
copy_ok --plan -C 2 [ nbdkit memory 1G ] null:
in_plan=0
while read -r name default; do
  value=$(sed -n "s/.*plan: .* ${name#--}=\([0-9]*\).*/\1/p" "$errors")
  [ -n "$value" ] || continue
  [ "$value" -eq "$(numfmt --from=iec "$default")" ] ||
    fail "the default of $name is $value, not $default"
  in_plan=$((in_plan + 1))
done < "$tmp/defaults"
[ $in_plan -ge 4 ] || fail "a plan tells only $in_plan of the defaults"
