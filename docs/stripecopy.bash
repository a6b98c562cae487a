# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for bash.  It has no list of options: the names come from
# --long-options and --short-options, and the arguments from --help.
# shellcheck shell=bash

# Prints the options; those with an argument as "--name=".
_stripecopy_options ()
{
  local program=$1 help name
  help=$("$program" --help)
  "$program" --short-options
  "$program" --long-options | while read -r name; do
    case $help in
      *" $name="*) echo "$name=" ;;
      *" ${name}[="*) echo "$name"; echo "$name=" ;;
      *) echo "$name" ;;
    esac
  done
}

# Prints the argument of an option as --help shows it.
_stripecopy_argument ()
{
  "$1" --help | sed -n "s/^.* $2\[*=\([^] ]*\).*/\1/p"
}

# Offers values after "--name=": the words that --help lists, or files.
_stripecopy_values ()
{
  local argument before=$3 cur=$4
  argument=$(_stripecopy_argument "$1" "$2")
  case $argument in
    *FILE*)
      mapfile -t COMPREPLY < <(compgen -P "$before" -f -- "$cur")
      compopt -o filenames 2> /dev/null ;;
    [a-z]*'|'*)
      mapfile -t COMPREPLY < <(compgen -P "$before" \
        -W "${argument//|/ }" -- "$cur") ;;
  esac
}

# Offers sources and destinations: files, and the beginnings of other names.
_stripecopy_operands ()
{
  mapfile -t COMPREPLY < <(compgen \
    -W '[ null: nbd:// nbds:// nbd+unix:/// nbds+unix:/// https://' -- "$1")
  case ${COMPREPLY[0]:-} in
    '') compopt -o filenames 2> /dev/null ;;
    */) compopt -o nospace 2> /dev/null ;;
  esac
  mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$1")
}

# Returns whether the word at the cursor is in a [ CMD ARGS ... ], and sets
# "inside" to its number in there, from 1 on.
_stripecopy_in_command ()
{
  local i
  inside=0
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      '[') inside=1 ;;
      ']') inside=0 ;;
      *) [ "$inside" -eq 0 ] || inside=$((inside + 1)) ;;
    esac
  done
  [ "$inside" -gt 0 ]
}

_stripecopy ()
{
  local program=${1/#\~/$HOME} cur=${COMP_WORDS[COMP_CWORD]}
  local prev=${COMP_WORDS[COMP_CWORD-1]} name='' before='' inside
  COMPREPLY=()

  if _stripecopy_in_command; then
    case $inside in
      1) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
      *) mapfile -t COMPREPLY < <(compgen -f -W ']' -- "$cur")
         compopt -o filenames 2> /dev/null ;;
    esac
    return 0
  fi

  # By default bash makes "=" a word of its own.
  case $cur in
    =) name=$prev cur= ;;
    --*=*) name=${cur%%=*} before=$name= cur=${cur#*=} ;;
    *) [ "$prev" != = ] || name=${COMP_WORDS[COMP_CWORD-2]} ;;
  esac
  if [ -n "$name" ]; then
    _stripecopy_values "$program" "$name" "$before" "$cur"
    return 0
  fi

  case $cur in
    -*)
      mapfile -t COMPREPLY < <(compgen \
        -W "$(_stripecopy_options "$program")" -- "$cur")
      [[ ${COMPREPLY[0]:-} != *= ]] || compopt -o nospace 2> /dev/null ;;
    *) _stripecopy_operands "$cur" ;;
  esac
  return 0
} &&
  complete -F _stripecopy stripecopy
