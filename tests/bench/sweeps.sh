# SPDX-License-Identifier: LGPL-2.1-or-later
# Throughput against workers, and against request size and depth, each on a near
# link and on a link with 20 ms more: for the plots.  And how much slower the
# usual copy is than the best point, on each link.
# shellcheck shell=bash

title_workers () { echo "Throughput against the number of workers"; }
title_regret () { echo "Regret: the usual copy against the best of a sweep"; }
title_map () { echo "Throughput against request size and depth"; }

# Starts servers on a link with a delay of MS, with a disk of SIZE; sets bytes.
serve_link ()
{
  local delays=()
  stop_servers src dst
  bytes=$2
  [ "$1" = 0 ] || delays=(--filter=delay)
  serve_nbdkit src "${delays[@]}" pattern "$2" ${delays:+"rdelay=$1ms"}
  serve_nbdkit dst "${delays[@]}" null "$2" ${delays:+"wdelay=$1ms"}
}

# Runs the command once: sets seconds, or fails.
time_once ()
{
  local status _
  (run_command "$tools/measure" "$BENCH_LIMIT") 3> "$scratch/took"
  read -r status seconds _ < "$scratch/took"
  [ "$status" = 0 ]
}

# Runs the command twice: sets wall to the better time, or fails.
better_of_two ()
{
  local i seconds
  wall=
  for i in 1 2; do
    time_once || return 1
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

# Prints the bytes that two workers move over a link in about a second, at most
# the whole disk.
fitting_size ()
{
  awk -v ms="$1" -v request="$2" -v depth="$3" \
      -v all="$(in_bytes "$BENCH_SWEEP")" \
    'BEGIN { n = ms ? 2 * request * depth / (2 * ms / 1000) : all
             if (n > all) n = all
             if (n < 16 * request) n = 16 * request
             printf "%d", int (n / 1048576 + 1) * 1048576 }'
}

# Each point is set by STRIPECOPY_TUNING, with two workers; and the tuner's
# choice without it.
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
        set_point 2 $request $((request * depth))
        ! better_of_two || record map $ms $request $depth "$wall" "$bytes"
      done
    done
    sweep_tuned $ms
  done
}

# Sets command to a copy at a point: set_point WORKERS REQUEST-SIZE WINDOW
set_point ()
{
  command=(env STRIPECOPY_TUNING="$2,$3" "$STRIPECOPY" -C "$1" -T "$1"
           --requests=4096 "$src" "$dst")
}

# -- regret ------------------------------------------------------------------
# For each row of links, how much longer the usual copy takes than the best
# point of a sweep over workers, request sizes, and depths.  The best point of
# two runs is then measured in turn with the usual copy.

sweep_regret ()
{
  local name
  printf '\n### %s\n\n' "$(title_regret)"
  printf '| row | usual s | best s | regret | workers | request KiB | depth |\n'
  printf '|---|---|---|---|---|---|---|\n'
  for name in ${BENCH_REGRET_ROWS:-"${workloads_of_links[@]}"}; do
    begin_row "$name"
    start_"$name"
    find_best_point
    compare_with_usual
    end_row
  done
}

# Tries all points whose bytes in flight are neither far below the need of the
# link nor above the limit of the usual copy.  Sets best.
find_best_point ()
{
  local workers size depth wall least=
  for workers in ${connections:+1} ${connections:-2 4}; do
    [ "$workers" != one ] || continue
    for size in 262144 524288 786432 1048576 2097152 3145728; do
      for depth in 4 8 16 32 64; do
        [ $((workers * size * depth)) -le $((128 << 20)) ] &&
          [ $((workers * size * depth)) -ge $((6 << 20)) ] || continue
        set_point $workers $size $((size * depth))
        better_of_two || continue
        record point "$row" $workers $size $depth "$wall" "$bytes"
        if [ -z "$least" ] ||
           awk -v a="$wall" -v b="$least" 'BEGIN { exit !(a < b) }'; then
          least=$wall best=($workers $size $depth)
        fi
      done
    done
  done
}

# Measures both in turn, and prints their medians.
compare_with_usual ()
{
  local BENCH_ROUNDS=$BENCH_REGRET_ROUNDS usual least
  prepare=prepare_point
  run_rounds usual best
  usual=$(wall_median usual) least=$(wall_median best)
  awk -v u="$usual" -v b="$least" -v row="$row" \
      -v w="${best[0]}" -v s="${best[1]}" -v d="${best[2]}" \
    'BEGIN { printf "| %s | %.2f | %.2f | %.2f | %d | %d | %d |\n", row, u, b,
                    u / b, w, s / 1024, d }'
  record regret "$row" "$usual" "$least" "${best[@]}"
}

prepare_point ()
{
  case $1 in
    usual) set_command stripecopy ;;
    best) set_point "${best[0]}" "${best[1]}" $((best[1] * best[2])) ;;
  esac
}

# Prints the number in the last event of this name in a trace.
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
