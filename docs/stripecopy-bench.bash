# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion for bash.  The names of options come from --help.
# shellcheck shell=bash

_stripecopy_bench ()
{
  local cur=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  if [[ $cur = -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("$1" --help |
      sed -nE 's/^  (--[a-z]+=?).*/\1/p')" -- "$cur")
    [[ ${COMPREPLY[0]:-} != *= ]] || compopt -o nospace 2> /dev/null
  else
    mapfile -t COMPREPLY < <(compgen -f -W 'null: nbd:// nbd+unix:///' \
      -- "${cur#=}")
    compopt -o filenames 2> /dev/null
  fi
  return 0
} &&
  complete -F _stripecopy_bench stripecopy-bench
