#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The file of --metrics-file is valid at any moment, says how the copy went, and
# keeps the time of the last success.

. "$(dirname "$0")/../lib/test.sh"
requires promtool

metrics=$tmp/web.prom

# Checks that Prometheus reads the file, and that these lines are in it.
expect_metrics ()
{
  local line
  promtool check metrics < "$metrics" > "$tmp/promtool" 2>&1 ||
    fail "promtool: $(< "$tmp/promtool")"
  [ "$(tail -c 1 "$metrics")" = "" ] || fail "the last line is not whole"
  for line; do
    grep -qx -e "stripecopy_$line" "$metrics" ||
      fail "no metric is $line: $(grep -v '^#' "$metrics")"
  done
}

no_metric ()
{
  ! grep -q "^stripecopy_$1" "$metrics" || fail "there is a metric $1"
}

# Returns true once a worker is connected to both sides, after the first metrics
# of the copy.
is_connected ()
{
  [ -e "$metrics" ] &&
    [ "$(grep -c '^stripecopy_connections{.*} [1-9]' "$metrics")" -eq 2 ]
}

make_disks 16

# While the copy runs.
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_nbdkit src "${held[@]}"
start_copy --metrics-file="$metrics" --interval=0.1 "$src" "$tmp/copy"
wait_until is_connected
cp "$metrics" "$tmp/earlier"
expect_metrics 'phase{disk="web",phase="copy"} 1' \
               'size_bytes{disk="web"} 16777216' \
               'done_bytes{disk="web",kind="resumed"} 0' \
               'connections{disk="web",side="source"} [1-9][0-9]*' \
               'connections{disk="web",side="destination"} [1-9][0-9]*' \
               'info{disk="web",metrics_file="web.prom"} 1'
no_metric exit_status
no_metric end_time
no_metric last_success
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
expect_metrics 'phase{disk="web",phase="ended"} 1' \
               'phase{disk="web",phase="copy"} 0' \
               'progress_ratio{disk="web"} 1' \
               'left_seconds{disk="web"} 0' \
               'exit_status{disk="web"} 0' \
               'connections{disk="web",side="source"} 0' \
               'retries_total{disk="web",side="source"} 0' \
               'last_success_time_seconds{disk="web"} [0-9.]*'
[ "$(awk '/^stripecopy_done_bytes/ { n += $2 } END { print n }' \
         "$metrics")" -eq 16777216 ] || fail "not all bytes are done"
success=$(grep '^stripecopy_last_success' "$metrics")
ended=$(grep '^stripecopy_end_time' "$metrics")
[ "${success##* }" = "${ended##* }" ] || fail "success is not the end"
[ "$(stat -c %a "$metrics")" = 644 ] || [ "$(umask)" != 0022 ] ||
  fail "the mode of the file is $(stat -c %a "$metrics")"
[ "$(compgen -G "$tmp/web.prom*")" = "$metrics" ] || fail "left behind"

# A run that is refused before it begins, and one whose command line is wrong,
# keep the last success.
copy_fails 1 'No such file' --metrics-file="$metrics" "$tmp/missing" "$tmp/copy"
expect_metrics "${success#stripecopy_}" 'exit_status{disk="web"} 1' \
               'phase{disk="web",phase="ended"} 1'
no_metric size_bytes
copy_fails 2 'cannot be used' --metrics-file="$metrics" --blkhash --extents=- \
           "$tmp/disk" "$tmp/copy"
expect_metrics "${success#stripecopy_}" 'exit_status{disk="web"} 2'

# A plan is no copy.
cp "$metrics" "$tmp/earlier"
copy_ok --plan --metrics-file="$metrics" "$tmp/disk" "$tmp/copy"
cmp "$metrics" "$tmp/earlier" || fail "--plan wrote metrics"

# A damaged file does no harm.
head -c 70000 /dev/urandom > "$metrics"
copy_fails 1 'No such file' --metrics-file="$metrics" "$tmp/missing" "$tmp/copy"
expect_metrics 'exit_status{disk="web"} 1'
no_metric last_success

# Retries are counted for the side that caused them.  Any name of the disk makes
# a valid label.
serve_faulty dst --mode=write-error --times=2 "$tmp/copy"
copy_ok --metrics-file="$metrics" --disk='a"b\c ü' --retry-wait=0.01 \
        "$tmp/disk" "$dst"
expect_fired dst
expect_metrics 'retries_total{disk="a\\"b\\\\c ü",side="destination"} 2' \
               'retries_total{disk="a\\"b\\\\c ü",side="source"} 0'
metrics="$tmp/"$'a"b\\c\n\xff.prom'
copy_ok --metrics-file="$metrics" "$tmp/disk" "$dst"
expect_metrics 'exit_status{disk="a\\"b\\\\c[?].*"} 0'
success=$(grep '^stripecopy_last_success' "$metrics")
copy_fails 1 'No such file' --metrics-file="$metrics" "$tmp/missing" null:
grep -qxF "$success" "$metrics" || fail "the last success was forgotten"

# What the comparison did.
metrics=$tmp/cmp.prom
copy_ok --verify --metrics-file="$metrics" "$tmp/disk" "$tmp/copy"
expect_metrics "compared_bytes{disk=\"cmp\"} 16777216" \
               'phase{disk="cmp",phase="ended"} 1'
copy_ok --compare --metrics-file="$metrics" "$tmp/disk" "$tmp/copy"
make_ones "$tmp/copy" 16M
copy_fails 4 'differ' --compare --metrics-file="$metrics" \
           "$tmp/disk" "$tmp/copy"
expect_metrics 'exit_status{disk="cmp"} 4' \
               'last_success_time_seconds{disk="cmp"} [0-9.]*'
