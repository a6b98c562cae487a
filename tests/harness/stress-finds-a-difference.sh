#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make stress finds a copy that is wrong and says how to make it again; the same
# seed gives the same cases.

. "$(dirname "$0")/../lib/test.sh"
requires python3
python3 -c 'import os; os.pidfd_open' 2> "$errors" ||
  skip "python3 knows no pidfd_open"
real=$(realpath "$stripecopy")
mkdir "$tmp/stress"

# Runs the stress with a program, on plain files; its exit status is in code.
run_stress ()
{
  local program=$1
  shift
  code=0
  STRIPECOPY=$program TMPDIR=$tmp/stress STRIPECOPY_WRAPPER='' \
    PYTHONDONTWRITEBYTECODE=1 python3 "$srcdir/stress/run" "$@" \
    > "$output" 2> "$errors" || code=$?
  [ -z "$(ls -A "$tmp/stress")" ] || fail "left: $(ls "$tmp/stress")"
}

plain=(--seed=5 --cases=2 --sources=file --destinations=file --ways=one
       --faults=none)

run_stress "$real" "${plain[@]}"
[ $code -eq 0 ] || fail "exit status $code of copies that are right"
grep -qx 'stress: 2 cases, 0 differences, 0 failures, seed 5' "$output" ||
  fail "the last line is wrong"

# Copies, and then turns the first byte of the destination.
cat > "$tmp/wrong" <<END
#!/usr/bin/env bash
"$real" "\$@" || exit \$?
byte=\$(od -An -tu1 -N1 "\${!#}")
printf "\\\\\$(printf %o \$((byte ^ 255)))" |
  dd of="\${!#}" bs=1 conv=notrunc status=none
END
chmod +x "$tmp/wrong"
run_stress "$tmp/wrong" "${plain[@]}"
[ $code -eq 1 ] || fail "exit status $code of copies that are wrong"
found=$(grep -c '^FAIL: difference: destination0, in its file: ' "$output") || :
[ "$found" -eq 2 ] || fail "not both differences were found"
grep -qx 'stress: 2 cases, 2 differences, 2 failures, seed 5' "$output" ||
  fail "the last line is wrong"

# The command that it names, as far as make hands it on.
pattern="s/^again: make stress STRESS_SEED=5 STRESS_ARGS='\(.*\)'$/\1/p"
again=$(sed -n "$pattern" "$output" | head -n 1)
[ -n "$again" ] || fail "no command is named"
read -r -a words <<< "$again"
run_stress "$tmp/wrong" --seed=5 "${words[@]}"
grep -qx 'stress: 1 cases, 1 differences, 1 failures, seed 5' "$output" ||
  fail "the case was not made again"

# All kinds, twice.
run_stress "$real" --seed=5 --list=50
mv "$output" "$tmp/first"
run_stress "$real" --seed=5 --list=50
expect_identical "$tmp/first" "$output"
[ "$(grep -c '^case ' "$output")" -eq 50 ] || fail "these are not 50 cases"
run_stress "$real" --seed=6 --list=50
! cmp -s "$tmp/first" "$output" || fail "the seed changes nothing"
