#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --metrics-file with --manifest is one file for all disks: it agrees with the
# report, and keeps the last success of each disk and of the list.

. "$(dirname "$0")/../lib/test.sh"
requires_schemas
requires promtool
requires_plugin file

metrics=$tmp/night.prom

# list SOURCE-OF-B: writes the list of the disks a, b and c.
list ()
{
  cat > "$tmp/list" << END
[ { "disk": "a", "source": "$tmp/disk", "destination": "$tmp/a" },
  { "disk": "b", "source": "$1", "destination": "${dst:-$tmp/b}",
    "retry-wait": 0.01 },
  { "disk": "c", "source": "$tmp/disk", "destination": "null:" } ]
END
}

has () { grep -qsx -e "stripecopy_$1" "$metrics"; }

# Checks that Prometheus reads the file, and that these lines are in it.
expect_metrics ()
{
  local line
  promtool check metrics < "$metrics" > "$tmp/promtool" 2>&1 ||
    fail "promtool: $(< "$tmp/promtool")"
  for line; do
    has "$line" || fail "no metric is $line: $(grep -v '^#' "$metrics")"
  done
}

no_metric ()
{
  ! grep -q "^stripecopy_$1" "$metrics" || fail "there is a metric $1"
}

# success LABEL: sets success to the line of a disk or a list.
success ()
{
  success=$(grep "^stripecopy_[a-z_]*last_success_time_seconds{$1}" \
                 "$metrics") || fail "no success of $1"
  success=${success#stripecopy_}
}

make_data "$tmp/disk" 256k

# While one copy waits for its server, one is done, and one waits.
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_nbdkit src "${held[@]}"
list "$src"
start_copy --manifest="$tmp/list" --metrics-file="$metrics" --interval=0.1
wait_until has 'connections{disk="b",side="source"} [1-9][0-9]*'
expect_metrics 'phase{disk="b",phase="copy"} 1' \
               'manifest_disks{manifest="night",state="waiting"} 1' \
               'manifest_disks{manifest="night",state="running"} 1' \
               'manifest_disks{manifest="night",state="done"} 1' \
               'manifest_attempts_total{manifest="night"} 2' \
               'size_bytes{disk="b"} 262144' \
               'exit_status{disk="a"} 0' \
               'phase{disk="c",phase="waiting"} 1' \
               'attempts_total{disk="c"} 0' \
               'info{disk="c",metrics_file="night.prom"} 1'
for metric in 'exit_status{disk="[bc]' manifest_e 'start_time_seconds{disk="c' \
              'last_success_time_seconds{disk="[bc]' 'size_bytes{disk="c'; do
  no_metric "$metric"
done
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_metrics 'manifest_disks{manifest="night",state="done"} 3' \
               'manifest_progress_ratio{manifest="night"} 1' \
               'manifest_left_seconds{manifest="night"} 0' \
               'manifest_exit_status{manifest="night"} 0' \
               'connections{disk="b",side="source"} 0'
success 'disk="a"' && a=$success
success 'disk="b"' && b=$success
success 'manifest="night"' && night=$success

# One fails, after another attempt, and one had to try a write again.
serve_faulty dst --mode=write-error --times=2 "$tmp/b"
list "$tmp/disk"
sed -i "s|\"[^\"]*\", \"destination\": \"null:|\"$tmp/none\", \"destination\": \"null:|" \
    "$tmp/list"
copy_fails 1 'disk c: .*No such file' --manifest="$tmp/list" \
           --metrics-file="$metrics" --report="$tmp/report"
expect_fired dst
expect_metrics "$night" 'manifest_exit_status{manifest="night"} 1' \
               'manifest_disks{manifest="night",state="done"} 2' \
               'manifest_disks{manifest="night",state="failed"} 1' \
               'manifest_progress_ratio{manifest="night"} 0.[0-9]*' \
               'retries_total{disk="b",side="destination"} 2' \
               'retries_total{disk="b",side="source"} 0' \
               'exit_status{disk="c"} 1' 'phase{disk="c",phase="ended"} 1' \
               'last_success_time_seconds{disk="c"} [0-9.]*'
! has "$b" || fail "the success of b is the earlier one"
python3 - "$tmp/report" "$metrics" << 'END' || fail "not as in the report"
import json, re, sys
lines = open (sys.argv[2]).read ().splitlines ()
def value (metric):
    return [ float (l.split ()[-1]) for l in lines if l.startswith (metric + " ") ]
for d in json.load (open (sys.argv[1]))["disks"]:
    name = f'{{disk="{d["disk"]}"'
    assert value (f"stripecopy_exit_status{name}}}") == [ d["exit"] ], d
    assert value (f"stripecopy_attempts_total{name}}}") == [ d["attempts"] ], d
    if d["disk"] == "c":
        continue
    assert value (f"stripecopy_size_bytes{name}}}") == [ d["bytes"]["total"] ]
    for kind in "data", "zero", "skipped", "same", "resumed", "unreadable":
        metric = f'stripecopy_done_bytes{name},kind="{kind}"}}'
        assert value (metric) == [ d["bytes"][kind] ], metric
END
success 'disk="b"' && b=$success
success 'disk="c"' && c=$success

# A disk that waits, or is not started in the end, keeps its success.
hold_reads_at "$tmp/disk" "$tmp/gate2"
serve_nbdkit src "${held[@]}"
sed -i "1s|\"source\": \"[^\"]*\"|\"source\": \"$src\"|" "$tmp/list"
start_copy --manifest="$tmp/list" --metrics-file="$metrics" --interval=0.1
wait_until has 'phase{disk="a",phase="copy"} 1'
expect_metrics "$b" "$c" "$night" 'phase{disk="b",phase="waiting"} 1'
! grep -qx "stripecopy_exit_status{disk=\"[abc]\"} .*" "$metrics" ||
  fail "an exit status is that of an earlier run"
kill -TERM "$copy_pid"
wait_until has 'manifest_disks{manifest="night",state="not_started"} 2'
open_gate "$tmp/gate2"
wait_copy
[ $code -eq 143 ] || [ $code -eq 0 ] || fail "exit status $code"
expect_metrics "$b" "$c" \
               'manifest_disks{manifest="night",state="not_started"} 2' \
               'manifest_disks{manifest="night",state="waiting"} 0'
no_metric 'phase{disk="b"'

# A list, or a command line, that is refused keeps what was known.
success 'disk="a"' && a=$success
cp "$tmp/list" "$tmp/good"
echo '[ { "disk": "a" } ]' > "$tmp/list"
for bogus in '' --bogus; do
  copy_fails 2 "'source' is missing|unknown or ambiguous" \
             --metrics-file="$metrics" $bogus --manifest="$tmp/list"
  expect_metrics "$a" "$b" "$c" 'manifest_exit_status{manifest="night"} 2'
  no_metric manifest_disks
  no_metric phase
done

# It has no other use, and nothing is written by a plan.
cp "$metrics" "$tmp/before"
cp "$tmp/good" "$tmp/list"
copy_fails 1 'disk c: ' --plan --manifest="$tmp/list" --metrics-file="$metrics"
cmp "$metrics" "$tmp/before" || fail "--plan wrote metrics"
sed -i "2s|\"source\"|\"metrics-file\": \"$tmp/./night.prom\", &|" "$tmp/list"
copy_fails 2 'same file as --metrics-file=.*/night.prom' \
           --manifest="$tmp/list" --metrics-file="$metrics"
cmp "$metrics" "$tmp/before" || fail "a file with two uses was written"
