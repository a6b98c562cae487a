# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of a page in docs/: those in blocks that begin with ```sh.
# A section is the text under one heading; all its commands run in one shell,
# which ends at the first failure.
# shellcheck shell=bash

page_folder=$tmp/page               # where the commands run
page_programs=$tmp/programs         # comes first in PATH
mkdir "$page_folder" "$page_programs"

# Prints each line of the blocks of a page, preceded by its heading and the line
# number of its block, between tabs.
page_lines ()
{
  awk -v OFS='\t' '
    /^```$/ { first = 0 }
    first { print heading, first, $0 }
    /^```sh$/ { first = NR }
    !first && /^#+ / { heading = $0; sub (/^#+ /, "", heading) }
  ' "$srcdir/../docs/$1"
}

# Prints the headings with commands.
page_sections () { page_lines "$1" | cut -f 1 | uniq; }

# Prints the commands under a heading, and assignments of their line numbers to
# the variable "at".
page_commands ()
{
  page_lines "$1" | awk -F '\t' -v heading="$2" '
    $1 == heading {
      if ($2 != block) print "at=" (block = $2)
      sub (/^[^\t]*\t[^\t]*\t/, "")
      print
    }'
}

# Runs all commands under a heading, in the environment of a copy:
# run_commands PAGE HEADING.
run_commands ()
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
}

# Does the same, and checks that nothing is left behind.
run_section ()
{
  run_commands "$@"
  expect_no_reports
  # A process that the commands ended with a signal may need a moment.
  wait_until have_no_leftovers
  expect_no_leftovers
}
