# SPDX-License-Identifier: LGPL-2.1-or-later
# What only the plots need: throughput against workers, and against request size
# and depth, each on a near link and on one that takes 20 ms more.
# shellcheck shell=bash

title_workers () { echo "Throughput against the number of workers"; }
title_map () { echo "Throughput against request size and depth"; }

# Servers on a link of so many ms, with so many bytes; bytes is that number.
serve_link ()
{
  local delays=()
  stop_servers src dst
  bytes=$2
  [ "$1" = 0 ] || delays=(--filter=delay)
  serve_nbdkit src "${delays[@]}" pattern "$2" ${delays:+"rdelay=$1ms"}
  serve_nbdkit dst "${delays[@]}" null "$2" ${delays:+"wdelay=$1ms"}
}

# The better of two runs: sets wall, or fails.
better_of_two ()
{
  local i status seconds _
  wall=
  for i in 1 2; do
    (run_command "$tools/measure" "$BENCH_LIMIT") 3> "$scratch/took"
    read -r status seconds _ < "$scratch/took"
    [ "$status" = 0 ] || return 1
    wall=$(awk -v a="$seconds" -v b="${wall:-$seconds}" \
           'BEGIN { print a < b ? a : b }')
  done
}

sweep_workers ()
{
  local ms n program wall
  printf '\n### %s\n\n' "$(title_workers)"
  echo "$BENCH_SWEEP of data, the better of two runs; only the plots have them."
  for ms in 0 20; do
    serve_link $ms "$(in_bytes "$BENCH_SWEEP")"
    for program in stripecopy nbdcopy; do
      [ -n "${path_of[$program]:-}" ] || continue
      for n in 1 2 3 4 6 8; do
        command=("${path_of[$program]}" -C $n -T $n "$src" "$dst")
        ! better_of_two ||
          record workers $ms "$program" $n "$wall" "$bytes"
      done
    done
  done
}

# How many bytes two workers get through a link in a second or so, at most all.
fitting_size ()
{
  awk -v ms="$1" -v request="$2" -v depth="$3" \
      -v all="$(in_bytes "$BENCH_SWEEP")" \
    'BEGIN { n = ms ? 2 * request * depth / (2 * ms / 1000) : all
             if (n > all) n = all
             if (n < 16 * request) n = 16 * request
             printf "%d", int (n / 1048576 + 1) * 1048576 }'
}

# Ceilings set by hand, with two workers; and what is chosen where none is set.
sweep_map ()
{
  local ms request depth wall
  printf '\n### %s\n\n' "$(title_map)"
  echo "Up to $BENCH_SWEEP of data, the better of two runs; only the plots" \
       "have them."
  for ms in 0 20; do
    for request in 65536 262144 1048576 4194304; do
      for depth in 1 2 4 8 16 32 64; do
        [ $((request * depth)) -le $((64 << 20)) ] || continue
        serve_link $ms "$(fitting_size $ms $request $depth)"
        command=("$STRIPECOPY" -C 2 -T 2 --request-size=$request
                 --requests=$depth --queue-size=$((request * depth))
                 "$src" "$dst")
        ! better_of_two || record map $ms $request $depth "$wall" "$bytes"
      done
    done
    sweep_tuned $ms
  done
}

# The number behind the last event of this name in a trace.
last_level ()
{
  grep -o "\"name\":\"$1\".*\"bytes\":[0-9]*" "$scratch/trace" | tail -n 1 |
    grep -o '[0-9]*$'
}

sweep_tuned ()
{
  local wall
  serve_link "$1" "$(in_bytes "$BENCH_SWEEP")"
  command=("$STRIPECOPY" -C 2 -T 2 --trace="$scratch/trace" "$src" "$dst")
  ! better_of_two ||
    record tuned "$1" "$(last_level "request size")" \
           "$(last_level "window of a worker")" "$wall" "$bytes"
}
