#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A real node_exporter reads the file of --metrics-file, a real Prometheus
# scrapes it, a query returns the bytes, and the alerts fire.

. "$(dirname "$0")/../lib/test.sh"
requires prometheus curl jq

exporter=$(command -v prometheus-node-exporter || command -v node_exporter) ||
  skip "the node_exporter is not installed"
rules=$(realpath "$srcdir/../docs/monitoring/alerts.yml")
mkdir "$tmp/textfile"

# Sets NAME_at to the address where the server of this name listens, which its
# log has.
listens ()
{
  local at
  at=$(sed -nE 's/.*msg="Listening on".* address=(127[0-9.]+:[0-9]+).*/\1/p' \
           "$tmp/$1.log")
  [ -n "$at" ] && printf -v "$1_at" %s "$at"
}

# Starts a server with an address of the kernel's choice: serve NAME COMMAND...
serve ()
{
  local copy_pid=
  "${@:2}" --web.listen-address=127.0.0.1:0 > "$tmp/$1.log" 2>&1 &
  servers+=($!)
  wait_until eval "listens $1 || ! kill -0 $! 2> /dev/null"
  listens "$1" || fail "$1 does not start: $(tail -n 5 "$tmp/$1.log")"
}

# Sets result to the values of a query, one a line, each after the words of
# LABELS: query EXPRESSION LABELS
query ()
{
  result=$(curl -sS -G "http://$prometheus_at/api/v1/query" \
                --data-urlencode "query=$1" 2> "$tmp/curl.log" |
             jq -r --arg labels "$2" '.data.result[]
               | [ .metric[$labels | split (" ")[]], .value[1] ] | join (" ")')
}

# Returns true if a query has this result.
answers () { query "$1" "$2" && [ "$result" = "$3" ]; }

serve exporter "$exporter" --collector.disable-defaults --collector.textfile \
      --collector.textfile.directory="$tmp/textfile"
# shellcheck disable=SC2154
cat > "$tmp/prometheus.yml" << END
global: { scrape_interval: 250ms, evaluation_interval: 250ms }
rule_files: [ "$rules" ]
scrape_configs:
  - job_name: node
    static_configs: [ { targets: [ "$exporter_at" ] } ]
END
serve prometheus prometheus --config.file="$tmp/prometheus.yml" \
      --storage.tsdb.path="$tmp/data"

# While it runs, and at its end.
make_disks 16
hold_reads_at "$tmp/disk" "$tmp/gate"
serve_nbdkit src "${held[@]}"
start_copy --metrics-file="$tmp/textfile/web.prom" --interval=0.1 \
           "$src" "$tmp/copy"
wait_until answers 'stripecopy_phase{phase="copy"}' disk 'web 1'
wait_until answers 'stripecopy_size_bytes' disk 'web 16777216'
open_gate "$tmp/gate"
wait_copy
[ $code -eq 0 ] || fail "exit status $code"
wait_until answers 'sum by (disk) (stripecopy_done_bytes)' disk 'web 16777216'
wait_until answers stripecopy_exit_status disk 'web 0'
query 'time() - stripecopy_last_success_time_seconds < 86400' disk
[ "${result%% *}" = web ] || fail "no success: $result"

# A copy that is refused raises an alert, which the next one ends.
copy_fails 1 'No such file' --metrics-file="$tmp/textfile/web.prom" \
           "$tmp/missing" null:
wait_until answers 'ALERTS{alertstate="firing"}' 'alertname disk' \
                   'StripecopyFailed web 1'
copy_ok --metrics-file="$tmp/textfile/web.prom" "$tmp/disk" null:
wait_until answers 'ALERTS{alertstate="firing"}' alertname ''
query 'node_textfile_scrape_error' job
[ "$result" = 'node 0' ] || fail "the collector refuses a file: $result"
