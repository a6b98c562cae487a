# SPDX-License-Identifier: LGPL-2.1-or-later
# Many disks: throughput against the number of copies at a time, from one server
# and from four.  Each server works on four requests of a connection at a time,
# 20 ms each, gives each client one connection, and sends a limited rate.
# shellcheck shell=bash disable=SC2034,SC2154

disks_at_once=                  # copies at a time
disk_servers=()                 # names of the variables with the servers' URIs

title_disks ()
{
  echo "Many disks: 8 of $BENCH_DISK, N at a time, by --manifest and by" \
       "xargs -P N nbdcopy"
}

# Starts N source servers, and one destination.
serve_disks ()
{
  local i
  disk_servers=()
  for ((i = 1; i <= $1; i++)); do
    serve_nbdkit "src$i" --threads=4 --filter=multi-conn --filter=delay \
                 --filter=rate pattern "$BENCH_DISK" multi-conn-mode=disable \
                 rdelay=20ms rate=$((BENCH_DISK_RATE * 8000000)) burstiness=0.1
    disk_servers+=("src$i")
  done
  serve_nbdkit dst --filter=delay null "$BENCH_DISK" wdelay=20ms
  src=$src1
}

stop_disks ()
{
  local name
  for name in "${disk_servers[@]}" dst; do
    stop_server "$name"
  done
  dst_pid=
}

# Makes the manifest, and the same list for xargs.
list_disks ()
{
  local i from to separator=
  : > "$scratch/list"
  {
    echo '['
    for ((i = 0; i < 8; i++)); do
      from=${disk_servers[i % ${#disk_servers[@]}]}
      from=${!from/\?/disk$i?} to=${dst/\?/disk$i?}
      echo "$separator{\"disk\": \"disk$i\", \"source\": \"$from\"," \
           "\"destination\": \"$to\"}"
      echo "$from $to" >> "$scratch/list"
      separator=,
    done
    echo ']'
  } > "$scratch/manifest"
}

prepare_disks ()
{
  case $1 in
    stripecopy)
      command=("$STRIPECOPY" --manifest="$scratch/manifest"
               --jobs="$disks_at_once") ;;
    nbdcopy)
      # shellcheck disable=SC2016
      command=(sh -c 'exec xargs -P "$0" -n 2 nbdcopy < "$1"'
               "$disks_at_once" "$scratch/list") ;;
  esac
}

check_disks () { :; }

sweep_disks ()
{
  local n program wall line verdict
  printf '\n### %s\n\n' "$(title_disks)"
  requires_filter multi-conn delay rate
  requires nbdcopy xargs
  printf '| servers | copies at a time | stripecopy MB/s | nbdcopy MB/s |'
  printf ' of its time |\n|---|---|---|---|---|\n'
  for n in 1 4; do
    serve_disks $n
    list_disks
    bytes=$((8 * $(in_bytes "$BENCH_DISK")))
    prepare=prepare_disks
    for disks_at_once in 1 2 4 8; do
      run_rounds stripecopy nbdcopy
      line="| $n | $disks_at_once |"
      for program in stripecopy nbdcopy; do
        ! grep -q "^- without $program:" "$scratch/table" ||
          fail "$(grep "^- without $program:" "$scratch/table")"
        wall=$(wall_median $program)
        record disks $n $disks_at_once $program "$wall" "$bytes"
        line+=$(awk -v b="$bytes" -v w="$wall" \
                'BEGIN { printf " %.0f |", b / w / 1e6 }')
      done
      verdict=$(sed -n 's/^- stripecopy against nbdcopy: \([^;]*\);.*/\1/p' \
                "$scratch/table")
      echo "$line $verdict |"
    done
    stop_disks
  done
}
