# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for bash.  It knows no option by itself: the names come from
# --long-options and --short-options, and what stands behind a "=" from --help.
# shellcheck shell=bash

# Prints the options, those with an argument as "--name=".
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

# Prints the words to choose from behind "--name=", where --help lists them.
_stripecopy_values ()
{
  "$1" --help | sed -n "s/^.* $2\[*=\([a-z]*|[^] ]*\).*/\1/p" | tr '|' '\n'
}

# Whether the word at the cursor is inside of [ CMD ARGS ... ]; and then how
# many words behind the bracket it is.
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

  # Most often bash takes "=" for a word of its own.
  case $cur in
    =) name=$prev cur= ;;
    --*=*) name=${cur%%=*} before=$name= cur=${cur#*=} ;;
    *) [ "$prev" != = ] || name=${COMP_WORDS[COMP_CWORD-2]} ;;
  esac
  if [ -n "$name" ]; then
    mapfile -t COMPREPLY < <(compgen -P "$before" \
      -W "$(_stripecopy_values "$program" "$name")" -- "$cur")
    return 0
  fi

  case $cur in
    -*)
      mapfile -t COMPREPLY < <(compgen \
        -W "$(_stripecopy_options "$program")" -- "$cur")
      [[ ${COMPREPLY[0]:-} != *= ]] || compopt -o nospace 2> /dev/null ;;
    *)
      mapfile -t COMPREPLY < <(compgen \
        -W '[ null: nbd:// nbds:// nbd+unix:/// nbds+unix:/// https://' \
        -- "$cur")
      [[ ${COMPREPLY[0]:-} != */ ]] || compopt -o nospace 2> /dev/null ;;
  esac
  return 0
} &&
  complete -F _stripecopy stripecopy
