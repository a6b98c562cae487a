# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of a page in docs/ as they stand there: those in blocks that
# begin with ```sh.  A section is what is under one heading; all of its commands
# run in one shell, which ends at the first that fails.
# shellcheck shell=bash

page_folder=$tmp/page               # where the commands run
page_programs=$tmp/programs         # looked at first for programs
mkdir "$page_folder" "$page_programs"

# Prints each line of the blocks of a page, and before it, between tabs, its
# heading and where its block begins.
page_lines ()
{
  awk -v OFS='\t' '
    /^```$/ { first = 0 }
    first { print heading, first, $0 }
    /^```sh$/ { first = NR }
    !first && /^#+ / { heading = $0; sub (/^#+ /, "", heading) }
  ' "$srcdir/../docs/$1"
}

# Prints the headings that have commands.
page_sections () { page_lines "$1" | cut -f 1 | uniq; }

# Prints the commands under a heading; the variable at tells where they are.
page_commands ()
{
  page_lines "$1" | awk -F '\t' -v heading="$2" '
    $1 == heading {
      if ($2 != block) print "at=" (block = $2)
      sub (/^[^\t]*\t[^\t]*\t/, "")
      print
    }'
}

# Skips unless this program has all of these options, which a page may tell of
# before they are built.
requires_options ()
{
  local name
  copy_ok --long-options
  for name; do
    grep -qxF -e "$name" "$output" || skip "there is no $name in this build"
  done
}

# Runs all commands under a heading, and checks that nothing stays behind:
# run_section PAGE HEADING.
run_section ()
{
  page_commands "$1" "$2" > "$tmp/commands"
  grep -q '^at=' "$tmp/commands" || fail "$1 has no commands under: $2"
  {
    echo "#!$BASH"
    printf '%q ' exec "${wrapper[@]}" "$(realpath "$stripecopy")"
    echo '"$@"'
  } > "$page_programs/stripecopy"
  chmod +x "$page_programs/stripecopy"

  # shellcheck disable=SC2016
  (cd "$page_folder"
   STRIPECOPY_TEST_COPY=$tmp TMPDIR=$tmp/private PATH=$page_programs:$PATH \
     timeout -k 5 "$limit" "$BASH" -euo pipefail -c '
       trap '\''[ $? -eq 0 ] || echo "in the block of line $at" >&2'\'' EXIT
       . "$0"' "$tmp/commands" < /dev/null) > "$output" 2> "$errors" ||
    fail "$1: a command under '$2' failed"
  expect_no_reports
  # What it ended with a signal may take a moment for that.
  wait_until have_no_leftovers
  expect_no_leftovers
}
