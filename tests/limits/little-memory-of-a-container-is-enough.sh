#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A container with little memory kills processes that use more.  On a long link,
# the copy has as many requests in flight as fit into that memory.

. "$(dirname "$0")/../lib/test.sh"
requires_bare_binary "memory is limited"
requires_plugin pattern
requires_filter delay

# Makes a control group for this test below our own, in version 1 or 2.
make_group ()
{
  local own top=/sys/fs/cgroup
  ratelimit_file=memory.max peak_file=memory.peak
  own=$(sed -n 's/^0:://p' /proc/self/cgroup)
  if grep -q ':memory:' /proc/self/cgroup; then
    top=/sys/fs/cgroup/memory
    ratelimit_file=memory.limit_in_bytes peak_file=memory.max_usage_in_bytes
    own=$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
  fi
  group=$top${own%/}/stripecopy-test-$$
  mkdir "$group" 2> "$errors" || skip "control groups cannot be made"
  control_groups+=("$group")
  echo $((64 << 20)) 2> "$errors" > "$group/$ratelimit_file" ||
    skip "memory cannot be limited"
}

make_group
serve_nbdkit src --filter=delay pattern 384M rdelay=20ms
serve_nbdkit dst --filter=delay null 384M wdelay=20ms
# shellcheck disable=SC2016
wrapper=(bash -c 'echo $$ > "$0/cgroup.procs"; exec "$@"' "$group")
copy_ok "$src" "$dst"
[ ! -e "$group/$peak_file" ] ||
  [ "$(< "$group/$peak_file")" -gt $((16 << 20)) ] ||
  fail "the copy was not in the group"
