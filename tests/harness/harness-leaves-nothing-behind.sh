#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# run-tests finds and removes the remains of a test, however the test ends, and
# also if run-tests, or a make above it, is interrupted or killed.

. "$(dirname "$0")/../lib/test.sh"
requires python3

harness=$(realpath "$srcdir/run-tests")
mkdir "$tmp/tests" "$tmp/run" "$tmp/work"

# fake NAME LINE...: makes a test.  The command "loop" in it starts a process in
# a session of its own that never ends by itself, and waits until it runs.
make_gate "$tmp/looping"
fake ()
{
  {
    echo "loop ()
          {
            setsid sh -c 'echo > \"$tmp/is-looping\"; : > \"$tmp/looping\"
                          while :; do sleep 1; done' &
            : < '$tmp/looping'
          }"
    printf '%s\n' "${@:2}"
  } > "$tmp/tests/$1.sh"
}

# Runs a command in the environment that make sets for the harness.
in_harness ()
{
  (cd "$tmp/run" &&
     exec env -u STRIPECOPY_TEST_FACTOR MAKEFLAGS=-j4 \
          TEST_LIMIT="${seconds:-60}" TMPDIR="$tmp/work" \
          srcdir="$tmp/tests" STRIPECOPY_TEST_COPY="$tmp" "$@") \
    < /dev/null > "$output" 2>&1
}

# Checks that a run left nothing behind.
expect_nothing ()
{
  wait_until have_no_leftovers
  wait_until is_clean
}
# A make that is killed leaves the FIFO of its own job server.
is_clean ()
{
  [ -z "$(ls -I 'GMfifo*' "$tmp/work")" ] &&
    ! ls -d "$tmp/run/"stripecopy-check.* > /dev/null 2>&1
}

# expect_result RESULT NAME [PATTERN]: PATTERN must match a line of its log.
expect_result ()
{
  grep -qx "$1: $2.sh" "$output" || fail "$2 is not a $1"
  [ -z "${3:-}" ] || grep -qE -e "$3" "$tmp/run/logs/$2.log" ||
    fail "the log of $2 does not say: $3"
}

# -------------------------------------------------------- how a test ends
fake good 'exit 0'
# Python ignores some signals, as nohup does, and tests expect none ignored.
fake signals 'grep ^Sig /proc/self/status
              # The 31 standard signals; C libraries use the next two.
              n=$(grep -cE "^Sig(Ign|Blk):\s+\S{8}[08]0{7}$" /proc/self/status)
              [ "$n" -eq 2 ]'
fake skipped 'echo "SKIP: for a reason"; exit 77'
in_harness env --ignore-signal=HUP,INT,QUIT "$harness" good.sh signals.sh skipped.sh ||
  fail "good tests have failed"
expect_result PASS good
expect_result SKIP skipped
expect_nothing

# A topic is all tests in a folder; a name without a folder is looked for in all.
mkdir "$tmp/tests/topic" "$tmp/tests/other"
fake topic/one 'exit 0'
fake topic/two 'exit 0'
fake other/two 'exit 0'
fake other/three 'exit 0'
touch "$tmp/tests/topic/readme"
in_harness "$harness" topic three.sh other/three.sh ||
  fail "tests in folders have failed"
expect_result PASS topic/one
expect_result PASS topic/two
expect_result PASS other/three
grep -qx '# TOTAL: 3' "$output" || fail "other tests were run, too"
in_harness "$harness" two.sh || fail "tests that were looked for have failed"
expect_result PASS topic/two
expect_result PASS other/two
! in_harness "$harness" good.sh unheard-of.sh || fail "a wrong name was taken"
grep -qx 'run-tests: there is no test and no topic unheard-of.sh' "$output" ||
  fail "the wrong name is not said"
expect_nothing

fake bad 'echo the last words; exit 1'
fake leaves-a-process 'loop; exit 0'
fake leaves-both 'loop; exit 1'
fake skips-and-leaves 'touch "$TMPDIR/a-file"; exit 77'
fake odd-name 'touch "$TMPDIR/"$'"'\\xff'"
fake leaves-a-file 'touch "$TMPDIR/a-file"'
fake leaves-on-disk 'touch "$TEST_DISK/a-file"'
fake is-killed 'loop; kill -KILL $$'
fake keeper-is-killed 'loop; kill -KILL $PPID; read -r < /dev/tty'
names=(bad leaves-a-process leaves-both leaves-a-file leaves-on-disk
       skips-and-leaves odd-name is-killed keeper-is-killed)
for name in "${names[@]}"; do
  ! in_harness "$harness" good.sh "$name.sh" || fail "$name was a success"
  expect_result PASS good
  expect_result FAIL "$name"
  grep -q "end of logs/$name.log" "$output" ||
    fail "the log of $name is not shown"
  expect_nothing
done
expect_result FAIL keeper-is-killed 'its keeper was killed'
for name in leaves-a-process leaves-both; do
  grep -q 'left process .*while :; do sleep' "$tmp/run/logs/$name.log" ||
    fail "the log of $name does not name the remains"
done
grep -q 'left file .*a-file' "$tmp/run/logs/leaves-a-file.log" ||
  fail "the file is not named"
grep -q 'left file .*a-file' "$tmp/run/logs/leaves-on-disk.log" ||
  fail "the file on a disk is not named"

fake hangs 'loop; read -r < <(sleep 1000)'
! seconds=1 in_harness "$harness" hangs.sh || fail "a hanging test has passed"
expect_result FAIL hangs 'not done after'
expect_nothing

truncate -s 1M "$tmp/file"
if can_make_device "$tmp/file"; then
  fake leaves-a-device 'truncate -s 1M "$TMPDIR/file"' \
       'losetup --find "$TMPDIR/file"'
  ! in_harness "$harness" leaves-a-device.sh ||
    fail "a test that left a loop device has passed"
  expect_result FAIL leaves-a-device 'left loop device /dev/'
  expect_nothing
  ! losetup -a | grep -q "$tmp/work" || fail "the device is still there"
fi

if unshare -m true 2> "$errors"; then
  # In a mount namespace of this test, in case run-tests fails to unmount it.
  fake leaves-a-mount 'mkdir "$TMPDIR/m"; mount -t tmpfs none "$TMPDIR/m"'
  ! in_harness unshare -m "$harness" leaves-a-mount.sh ||
    fail "a test that left a mount has passed"
  expect_result FAIL leaves-a-mount 'left mount .*/m$'
  expect_nothing
fi

# ---------------------------------------------------- how the harness ends
fake waits "echo \$PPID > '$tmp/keeper'; : > \"\$TEST_CACHE/a-file\"" \
     'loop; while :; do sleep 1; done'
printf '%s\n' 'top: ; +@$(MAKE) -f ../makefile below || exit 1' \
       "below: ; @'$harness' waits.sh good.sh" > "$tmp/makefile"

# Starts make, which runs the harness, in a process group of its own, and waits
# until the test runs.
start_make ()
{
  rm -f "$tmp/is-looping"
  in_harness setsid make -f ../makefile top &
  make_pid=$!
  servers+=("$make_pid")
  wait_until test -e "$tmp/is-looping"
  harness_pid=$(ps -o ppid= -p "$(< "$tmp/keeper")" | tr -d ' ')
  pgid=$(ps -o pgid= -p "$harness_pid" | tr -d ' ')
  top_pid=$(pgrep -g "$pgid" -o)
}


interrupt () { kill -INT -"$pgid"; }           # ^C at a terminal
terminate () { kill -TERM "$top_pid"; }        # kill $(pidof make)
kill_make () { kill -KILL "$top_pid"; }
kill_group () { kill -KILL -"$pgid"; }
kill_harness () { kill -KILL "$harness_pid"; }

for how in interrupt terminate kill_make kill_group kill_harness; do
  start_make
  $how
  expect_nothing
  wait "$make_pid" 2> "$tmp/wait" || :
done
