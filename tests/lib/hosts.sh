# SPDX-License-Identifier: LGPL-2.1-or-later
# Several runs of one manifest at the same time, as on several hosts that share
# a folder of maps.  Sourced by tests after test.sh.
# shellcheck shell=bash disable=SC2154

host_pids=()

# list_disks N URI: writes $tmp/manifest for the disks 1 to N in $tmp/from,
# which are exports of a server.  The copies are slow until hurry is called.
list_disks ()
{
  local i comma='['
  mkdir "$tmp/from" "$tmp/to" "$tmp/maps"
  echo 1k > "$tmp/rate"
  for ((i = 1; i <= $1; i++)); do
    make_data "$tmp/from/$i" 4M $((i * 1000))
    make_ones "$tmp/to/$i" 4M
    echo "$comma { \"disk\": \"$i\", \"source\": \"${2/EXPORT/$i}\"," \
         "\"destination\": \"$tmp/to/$i\", \"map\": \"$tmp/maps/$i\"," \
         "\"bwlimit\": \"@$tmp/rate\", \"request-size\": \"64K\" }"
    comma=','
  done > "$tmp/manifest"
  echo ']' >> "$tmp/manifest"
}

hurry () { set_rate none; }

# start_host NUMBER WORD...: runs the manifest in the background, with these
# words before the command.
start_host ()
{
  local n=$1
  shift
  env STRIPECOPY_TEST_COPY="$tmp" TMPDIR="$tmp/private" "$@" "$stripecopy" \
      --manifest="$tmp/manifest" --attempts=2 --attempt-wait=0.1 \
      --report="$tmp/report$n" < /dev/null 2> "$tmp/host$n.log" &
  host_pids[n]=$!
  servers+=($!)
}

# Prints the disk that a host copies, from the command line of its copy.
disk_of_host ()
{
  local pid
  for pid in $(ps -o pid= --ppid "${host_pids[$1]}"); do
    tr '\0' '\n' < "/proc/$pid/cmdline" | sed -n 's/^--disk=//p' || :
  done 2> "$tmp/gone"
}

# Kills the program of a host and its copies, as if the host had lost power.
kill_host ()
{
  # shellcheck disable=SC2046
  kill -KILL "${host_pids[$1]}" $(ps -o pid= --ppid "${host_pids[$1]}")
  wait "${host_pids[$1]}" 2> "$tmp/wait" || :
}

# The hosts 1 to 3 each copy a disk of their own.
all_copy ()
{
  local disks
  disks=$(disk_of_host 1; disk_of_host 2; disk_of_host 3)
  [ "$(sort -u <<< "$disks" | grep -c .)" -eq 3 ]
}

# Kills host 1 once each of the three copies a disk, and the map of its disk has
# been saved; then the other two copy the rest of the list.
lose_host_1 ()
{
  local disk
  wait_until all_copy
  disk=$(disk_of_host 1)
  wait_until test -s "$tmp/maps/$disk"
  kill_host 1
  hurry
  wait_host 2
  wait_host 3
}

# Waits for a host, which must report all disks as done.
wait_host ()
{
  wait_until eval "! kill -0 ${host_pids[$1]} 2> '$tmp/wait'"
  wait "${host_pids[$1]}" || fail "host $1: exit status $?"
  expect_json manifest-report "$tmp/report$1" \
    "all (d['exit'] == 0 and d['attempts'] == 1 for d in r['disks'])"
}

# expect_once N HOST...: each of N disks was copied by exactly one of the hosts.
expect_once ()
{
  local i n=$1
  shift
  for ((i = 1; i <= n; i++)); do
    expect_identical "$tmp/from/$i" "$tmp/to/$i"
  done
  python3 -IS -c 'import json, sys
reports = [ json.load (open (name)) for name in sys.argv[1:] ]
for disks in zip (*[ r["disks"] for r in reports ]):
    assert [ d["status"] for d in disks ].count ("ok") == 1, disks' \
    "${@/#/$tmp/report}" 2> "$tmp/once" || fail "$(tail -n 1 "$tmp/once")"
}
