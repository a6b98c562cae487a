#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The completion for zsh offers the program's options and values, in the right
# places.

. "$(dirname "$0")/../lib/test.sh"
requires zsh script

# The folder in which zsh looks for completions, and a command to complete.
mkdir "$tmp/found" "$tmp/bin" "$tmp/disks"
cp "$srcdir/../docs/_stripecopy" "$tmp/found"
ln -s "$(realpath "$stripecopy")" "$tmp/bin/stripecopy"
ln -s "$(command -v true)" "$tmp/bin/some-server"
touch "$tmp/disks/some-disk"

# A zsh that reads lines instead of keys, and writes down the completions at the
# end of each line.
cat > "$tmp/.zshrc" << 'END_OF_ZSHRC'
fpath=($ZDOTDIR/found $fpath)
autoload -Uz compinit
compinit -u -D

# All completions pass through this function; calls with -A, -D and -O only
# query.
compadd ()
{
  local -a names
  local i
  for ((i = 1; i <= $#; i++)); do
    case $argv[i] in
      -|--) break ;;
      -[ADO]*) builtin compadd "$@"; return ;;
    esac
  done
  builtin compadd -A names "$@"
  print -rl -- $names >> $ZDOTDIR/offered
  builtin compadd "$@"
}

zle -C offer list-choices _main_complete

answer ()
{
  local number=0 line
  while IFS= read -r line; do
    : > $ZDOTDIR/offered
    BUFFER=$line CURSOR=$#line
    zle offer
    ((++number))
    sort -u $ZDOTDIR/offered | grep . > $ZDOTDIR/answer.$number
  done < $ZDOTDIR/questions
  exit 0
}
zle -N zle-line-init answer
END_OF_ZSHRC

questions=0

# Asks for the completions at the end of a line; ask_all gets the answers.
ask ()
{
  printf '%s\n' "$1" >> "$tmp/questions"
  questions=$((questions + 1))
}

ask_all ()
{
  (cd "$tmp/disks"
   ZDOTDIR=$tmp PATH=$tmp/bin:$PATH TERM=dumb SHELL=$BASH timeout "$limit" \
     script -qec 'zsh -d -i' /dev/null) < /dev/null > "$output" 2> "$errors" ||
    fail "zsh ended with status $?"
  [ -e "$tmp/answer.$questions" ] || fail "zsh has not answered all"
}

number=0

# Checks that the next answer is exactly these words.
offered_are ()
{
  number=$((number + 1))
  printf '%s\n' "$@" | sort -u | cmp -s - "$tmp/answer.$number" ||
    fail "for '$(sed -n ${number}p "$tmp/questions")' not exactly: $*" \
         "but: $(tr '\n' ' ' < "$tmp/answer.$number")"
}

ask 'stripecopy -'
ask 'stripecopy --connecti'
ask 'stripecopy --dest'
ask 'stripecopy --destination-is-zero='
ask 'stripecopy --source-format v'
ask 'stripecopy -T 2 nul'
ask 'stripecopy nbd://one/disk some'
ask 'stripecopy [ some-s'
ask 'stripecopy [ nbdkit some'
ask 'stripecopy [ nbdkit --allocated ] --alloc'
ask 'stripecopy --blkhash-file=some'
ask_all

# Exactly the options of --help.
run_copy --long-options
cp "$output" "$tmp/options"
run_copy --short-options
cat "$output" >> "$tmp/options"
[ "$(wc -l < "$tmp/options")" -gt 20 ] || fail "no list of options"
mapfile -t options < "$tmp/options"
offered_are "${options[@]}"

offered_are --connections
offered_are --destination-format --destination-is-zero \
            --destination-options
offered_are auto no yes
offered_are vdi vhdx vmdk vpc
offered_are null:
offered_are some-disk
offered_are some-server
offered_are some-disk
offered_are --allocated
if grep -qxF -e --blkhash-file "$tmp/options"; then offered_are some-disk; fi
