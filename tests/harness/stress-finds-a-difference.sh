#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make stress accepts correct copies, finds a wrong one, and prints the command
# that repeats it.  The same seed gives the same cases.

. "$(dirname "$0")/../lib/test.sh"
requires python3
python3 -c 'import os; os.pidfd_open' 2> "$errors" ||
  skip "python3 has no pidfd_open"
real=$(realpath "$stripecopy")
mkdir "$tmp/stress"

# Runs the stress test with a program, on regular files, and sets code to its
# exit status.
run_stress ()
{
  local program=$1
  shift
  code=0
  STRIPECOPY=$program FAULTY_SERVER=$(realpath "$faulty_server") \
    TMPDIR=$tmp/stress STRIPECOPY_WRAPPER='' \
    PYTHONDONTWRITEBYTECODE=1 python3 "$srcdir/stress/run" "$@" \
    > "$output" 2> "$errors" || code=$?
  [ -z "$(ls -A "$tmp/stress")" ] || fail "left: $(ls "$tmp/stress")"
}

plain=(--seed=5 --cases=2 --sources=file --destinations=file --ways=one
       --faults=none)

run_stress "$real" "${plain[@]}"
[ $code -eq 0 ] || fail "exit status $code with correct copies"
grep -qx 'stress: 2 cases, 0 differences, 0 failures, seed 5' "$output" ||
  fail "the last line is wrong"

# A server of each side.
run_stress "$real" --seed=5 --cases=1 --sources=faulty --destinations=faulty \
  --ways=one --faults=none
[ $code -eq 0 ] || fail "exit status $code between faulty servers"

# A copier that inverts the first byte of the destination.
cat > "$tmp/wrong" <<END
#!/usr/bin/env bash
"$real" "\$@" || exit \$?
byte=\$(od -An -tu1 -N1 "\${!#}")
printf "\\\\\$(printf %o \$((byte ^ 255)))" |
  dd of="\${!#}" bs=1 conv=notrunc status=none
END
chmod +x "$tmp/wrong"
run_stress "$tmp/wrong" "${plain[@]}"
[ $code -eq 1 ] || fail "exit status $code with wrong copies"
found=$(grep -c '^FAIL: difference: destination0, in its file: ' "$output") || :
[ "$found" -eq 2 ] || fail "not both differences were found"
grep -qx 'stress: 2 cases, 2 differences, 2 failures, seed 5' "$output" ||
  fail "the last line is wrong"

# Runs the command that was printed, without make.
pattern="s/^again: make stress STRESS_SEED=5 STRESS_ARGS='\(.*\)'$/\1/p"
again=$(sed -n "$pattern" "$output" | head -n 1)
[ -n "$again" ] || fail "no command was printed"
read -r -a words <<< "$again"
run_stress "$tmp/wrong" --seed=5 "${words[@]}"
grep -qx 'stress: 1 cases, 1 differences, 1 failures, seed 5' "$output" ||
  fail "the case was not repeated"

# All kinds, twice.
run_stress "$real" --seed=5 --list=50
mv "$output" "$tmp/first"
run_stress "$real" --seed=5 --list=50
expect_identical "$tmp/first" "$output"
[ "$(grep -c '^case ' "$output")" -eq 50 ] || fail "these are not 50 cases"
run_stress "$real" --seed=6 --list=50
! cmp -s "$tmp/first" "$output" || fail "the seed changes nothing"
