#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The job of CLUSTERS.md for Kubernetes is expanded into its commands, which are
# run. A pod that is killed is started again and resumes; an index whose map is
# of another disk fails at once. kubectl knows all fields of the job.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
requires python3
python3 -c 'import yaml' 2> "$errors" || skip "python3 has no yaml"

run_section CLUSTERS.md "Kubernetes"
job=$page_folder/job.yaml
mkdir -p "$tmp/root/dev" "$tmp/root/maps"
make_data "$tmp/root/dev/old" 16M

# The first pod of index 3 is killed when it has stored something.
cat > "$page_programs/stripecopy" <<END
#!$BASH
if [ \$JOB_COMPLETION_INDEX = 3 ] && [ ! -e "$tmp/killed" ]; then
  "$(realpath "$stripecopy")" --map-interval=0.1 --bwlimit=1 "\$@" &
  until grep -q '[+]\$' "$tmp/root/maps/3" 2> "$tmp/gone"; do sleep 0.05; done
  touch "$tmp/killed"
  kill -KILL \$!
  wait \$!
  exit
fi
exec "$(realpath "$stripecopy")" "\$@"
END

run_job ()
{
  code=0
  PATH=$page_programs:$PATH STRIPECOPY_TEST_COPY=$tmp TMPDIR=$tmp/private \
    timeout -k 5 "$limit" python3 "$srcdir/lib/indexed-job.py" "$job" \
      "$tmp/root" < /dev/null > "$output" 2> "$errors" || code=$?
}

# Returns true if the pods of an index ended so, and no others.
expect_pods ()
{
  [ "$(sed -n "s/^$1 //p" "$output" | paste -s -d ,)" = "$2" ] ||
    fail "the pods of index $1 did not end so: $2"
}

run_job
[ $code -eq 0 ] || fail "the job has failed"
[ -e "$tmp/killed" ] || fail "no pod was killed"
expect_pods 3 "137 Count,0 Complete"
expect_pods 7 "0 Complete"
expect_identical "$tmp/root/dev/old" "$tmp/root/dev/new"

rm "$tmp/root/maps/2"
cp "$tmp/root/maps/1" "$tmp/root/maps/2"
run_job
[ $code -eq 1 ] || fail "the job has not failed"
expect_pods 2 "6 FailIndex"
expect_pods 3 "0 Complete"

# kubectl drops fields that it does not know.
if command -v kubectl > "$tmp/gone"; then
  sed '1,/^---$/d' "$job" > "$tmp/job.yaml"
  kubectl set image --local -f "$tmp/job.yaml" stripecopy=changed -o json \
    > "$tmp/known" 2> "$errors" || fail "kubectl refuses the job"
  python3 - "$tmp/job.yaml" "$tmp/known" > "$output" 2> "$errors" <<'END' ||
import json, sys, yaml
def missing(wanted, known, place):
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            yield from missing(value, known.get(key), place + "." + key)
    elif isinstance(wanted, list):
        for i, value in enumerate(wanted):
            yield from missing(value, (known or [])[i], "%s[%d]" % (place, i))
    elif wanted != known:
        yield place
job = yaml.safe_load(open(sys.argv[1]))
known = json.load(open(sys.argv[2]))
lost = list(missing(job, known, ""))
assert lost == [".spec.template.spec.containers[0].image"], lost
END
    fail "kubectl does not know all fields of the job"
fi
