#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The alert rules are valid and pass their own tests, and the rules, the
# dashboard and the documents name exactly the metrics that the program writes.

. "$(dirname "$0")/../lib/test.sh"
requires promtool jq

docs=$(realpath "$srcdir/../docs")

(cd "$docs/monitoring" && promtool check rules alerts.yml &&
   promtool test rules alerts-test.yml) > "$tmp/promtool" 2>&1 ||
  fail "promtool: $(< "$tmp/promtool")"

# Prints the metrics that a text names.
names () { grep -ohE 'stripecopy_[a-z_]+' "$@" | sort -u; }

make_disks 16
copy_ok --metrics-file="$tmp/x.prom" "$tmp/disk" "$tmp/copy"
echo "[ { \"source\": \"$tmp/disk\", \"destination\": \"null:\" } ]" \
     > "$tmp/list"
copy_ok --metrics-file="$tmp/list.prom" --manifest="$tmp/list"
names "$tmp/x.prom" "$tmp/list.prom" > "$tmp/written"

# expect_written FILE: the program writes all metrics that a file names.
expect_written ()
{
  names "$1" | comm -23 - "$tmp/written" > "$tmp/unknown"
  [ ! -s "$tmp/unknown" ] ||
    fail "${1##*/} names metrics that are not written: $(< "$tmp/unknown")"
}

expect_written "$docs/monitoring/alerts.yml"
expect_written "$docs/monitoring/alerts-test.yml"
expect_written "$docs/monitoring/dashboard.json"
sed '/^## Metrics/,/^## Many disks/!d' "$docs/AUTOMATION.md" |
  grep '^| `' | names > "$tmp/documented"
cmp "$tmp/documented" "$tmp/written" ||
  fail "AUTOMATION.md: $(diff "$tmp/documented" "$tmp/written")"

# Each alert has a test in which it fires.
while read -r alert; do
  grep -A 1 "alertname: $alert\$" "$docs/monitoring/alerts-test.yml" |
    grep -q exp_alerts: || fail "no test has $alert firing"
  grep -q "^   | $alert | " "$docs/monitoring/README.md" ||
    fail "README.md does not name $alert"
done < <(sed -n 's/.*- alert: //p' "$docs/monitoring/alerts.yml")

# Grafana imports a dashboard with a title, panels of its own numbers, and a data
# source that the reader chooses.
jq -e '.schemaVersion >= 36 and .title == "stripecopy" and (.id == null)
       and ([ .panels[].id ] | length == (unique | length))
       and ([ .panels[] | .datasource.uid, .targets[].datasource.uid ]
            | unique == [ "${datasource}" ])
       and ([ .templating.list[] | select (.type == "datasource").name ]
            == [ "datasource" ])
       and all (.panels[]; .title != "" and .gridPos.w + .gridPos.x <= 24)' \
   "$docs/monitoring/dashboard.json" > "$tmp/jq" ||
  fail "dashboard.json is not for import"

# Prometheus can parse each of its queries.
jq '{ groups: [ { name: "dashboard", rules: [ .panels[].targets[].expr
      | { record: "x", expr: gsub ("\\$(instance|disk)"; ".*") } ] } ] }' \
   "$docs/monitoring/dashboard.json" > "$tmp/queries.yml"
promtool check rules --lint=none "$tmp/queries.yml" > "$tmp/promtool" 2>&1 ||
  fail "promtool: $(< "$tmp/promtool")"
grep -qE '[0-9]+ rules found' "$tmp/promtool" || fail "no queries were found"
