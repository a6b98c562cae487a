#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The man page, --help and the lists for completion name the options that the
# rows of option-rows.c have, with the same arguments, bounds and defaults, and
# the man page says what each option requires and excludes.

. "$(dirname "$0")/../lib/test.sh"

man_page=$srcdir/../docs/stripecopy.pod
"${PRINT_OPTIONS:-$srcdir/print-options}" > "$tmp/table"

# Compares two files of facts from different sources, one per line.
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

# The table.  Options that this build lacks are not listed, but the man page
# describes them.
cut -f 1 "$tmp/table" > "$tmp/rows"
sed -n 's/\t.*\tlacks=.*//p' "$tmp/table" > "$tmp/lacks"
while read -r name; do
  grep -qF "C<$name>" "$man_page" || fail "the man page does not mention $name"
done < "$tmp/lacks"
{ cat "$tmp/lacks"; grep -oE -e '--[a-z-]+' "$tmp/in-man"; } > "$tmp/all"
expect_agreement "$tmp/all" "$tmp/rows" "man page and table"
{ grep -oE -e "${hidden:1:-1}" "$tmp/in-man"; cat "$tmp/long" "$tmp/lacks"; } \
  > "$tmp/listed-and-not"
expect_agreement "$tmp/listed-and-not" "$tmp/rows" "--long-options and table"

# Prints one column of the table, as "--name TEXT".
column ()
{
  awk -F '\t' -v key="$1=" '{
    for (i = 2; i <= NF; i++)
      if (index($i, key) == 1)
        print $1, substr($i, length(key) + 1) }' "$tmp/table"
}

# Prints the man page's paragraphs about an option, in one line.
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

# Bounds: those of the table, which the errors name.
column bounds > "$tmp/bounds"
[ "$(wc -l < "$tmp/bounds")" -ge 12 ] || fail "few options have bounds"
while read -r name range; do
  for number in 99999999 99999999999999 9999999999999999999; do
    run_copy "$name=$number"
    ! grep -qF ": must be $range: $number" "$errors" || continue 2
  done
  fail "no error names the bounds of $name: $range"
done < "$tmp/bounds"
while read -r name range; do
  expect_words "$name" "$range"
done < "$tmp/bounds"

# Defaults: what the table and --help say, in the man page and in a plan.
copy_ok --help
tr -s ' \n' ' ' < "$output" | sed 's/ \(-., \)*--/\n--/g' |
  sed -n 's/^\(--[a-z-]*\).*(default \([^)]*\)).*/\1 \2/p' > "$tmp/defaults"
column default > "$tmp/table-defaults"
sort -u -o "$tmp/table-defaults" "$tmp/table-defaults"
sort -u "$tmp/defaults" | comm -13 - "$tmp/table-defaults" > "$tmp/missing"
[ ! -s "$tmp/missing" ] || fail "--help lacks defaults: $(cat "$tmp/missing")"
[ "$(wc -l < "$tmp/defaults")" -ge 7 ] || fail "few defaults in --help"
while read -r name default; do
  paragraphs_of "$name" | grep -qE -e "default is $default|$default, the default" ||
    fail "the man page of $name lacks: default is $default"
done < "$tmp/defaults"

# What an option requires and excludes is in its paragraph.
column requires > "$tmp/requires"
column excludes > "$tmp/excludes"
[ "$(cat "$tmp/requires" "$tmp/excludes" | wc -l)" -ge 7 ] ||
  fail "few options require or exclude others"
while read -r name other; do
  expect_words "$name" "$other"
done < "$tmp/requires"
while read -r name others; do
  for other in $others; do
    expect_words "$name" "$other"
    expect_words "$other" "$name"
  done
done < "$tmp/excludes"

# Which options are for one copy, and which are for all copies of a manifest.
sed -n '/^=head1 MANY DISKS/,/^=head1 PARTS/p' "$man_page" > "$tmp/many"
sed -n 's/^\(--[a-z-]*\)\tscope=anywhere.*/\1/p' "$tmp/table" > "$tmp/anywhere"
[ -s "$tmp/anywhere" ] || fail "no option is for both"
while read -r name; do
  grep -qF "B<$name>" "$tmp/many" || fail "MANY DISKS does not name $name"
done < "$tmp/anywhere"

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
[ $in_plan -ge 4 ] || fail "a plan shows only $in_plan of the defaults"
