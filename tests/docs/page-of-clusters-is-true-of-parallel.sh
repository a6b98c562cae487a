#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs the commands of CLUSTERS.md for GNU parallel over ssh. The same command
# resumes the part that has failed, and starts no other one.

. "$(dirname "$0")/../lib/test.sh"
. "$srcdir/lib/pages.sh"
. "$srcdir/lib/sshd.sh"
requires parallel

make_data "$tmp/disk" 16M
export OLD=$tmp/disk NEW=$tmp/copy PARALLEL_HOME=$tmp/parallel
start_sshd

# Part 3 is killed whenever it has stored something.
cat > "$tmp/deadly" <<END
#!$BASH
echo "\$*" >> "$tmp/started"
case " \$* " in
  *--shard=3/8*)
    "\$1" --map-interval=0.1 --bwlimit=1 "\${@:2}" &
    until grep -q '[+]\$' maps/3 2> "$tmp/gone"; do sleep 0.05; done
    kill -KILL \$!
    wait \$!
    exit ;;
esac
exec "\$@"
END
chmod +x "$tmp/deadly"
count_starts () { grep -c -e "--shard=$1" "$tmp/started"; }

wrapper=("$tmp/deadly")
(exec {verdicts}> "$tmp/gone"; run_commands CLUSTERS.md "GNU parallel") &&
  fail "no part has failed"
[ "$(count_starts 3/8)" -eq 3 ] || fail "part 3 was not tried three times"
for host in copier1 copier2; do
  grep -q "$host" "$page_folder/copy.log" || fail "$host has copied nothing"
done

printf '%s\n' "#!$BASH" "echo \"\$*\" >> $tmp/started" 'exec "$@"' \
  > "$tmp/deadly"
rm "$tmp/started"
run_section CLUSTERS.md "GNU parallel"
[ "$(count_starts 3/8)" -eq 1 ] || fail "part 3 was not started again"
[ "$(count_starts ./8)" -eq 1 ] || fail "other parts were started again"
expect_identical "$tmp/disk" "$tmp/copy"
