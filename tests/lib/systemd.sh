# SPDX-License-Identifier: LGPL-2.1-or-later
# A systemd of the test's own, with the unit that is installed with the program.
# Sourced after test.sh and servers.sh.
# shellcheck shell=bash disable=SC2154

requires systemctl unshare
requires_bare_binary "a service"    # it tests systemd, and takes seconds
[ -x /lib/systemd/systemd ] || skip "systemd is not installed"
build=$(realpath "$(dirname "$stripecopy")/..")
[ -f "$build/docs/systemd/stripecopy@.service" ] ||
  skip "this program was not built in this tree"

# All that systemd and systemctl read and write is in the folder of the test.
export XDG_RUNTIME_DIR=$tmp/run XDG_CONFIG_HOME=$tmp/config
export SYSTEMD_UNIT_PATH=$tmp/units
# XDG_RUNTIME_DIR has a socket, systemd/private.
[ ${#tmp} -lt 80 ] || skip "the name of the folder for tests is too long"

# Makes control groups for systemd, below our own, and sets groups to their
# names.
make_groups ()
{
  local controllers own top two_trees=
  ! grep -q ':name=systemd:' /proc/self/cgroup || two_trees=yes
  groups=()
  while IFS=: read -r _ controllers own; do
    case $controllers in
      name=systemd) top=/sys/fs/cgroup/systemd ;;
      '') top=/sys/fs/cgroup${two_trees:+/unified} ;;
      *) continue ;;
    esac
    groups+=("$top${own%/}/stripecopy-test-$$")
    mkdir "${groups[-1]}" 2> "$errors" || skip "control groups cannot be made"
    control_groups+=("${groups[-1]}")
  done < /proc/self/cgroup
}

# Runs in name spaces of its own: /run says that systemd manages this machine,
# and has what hides files from services; and the control groups are those that
# were made for it.
cat > "$tmp/become-systemd" << 'END'
set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/system /run/systemd/inaccessible/dir
touch /run/systemd/inaccessible/reg
mknod /run/systemd/inaccessible/chr c 0 0
if [ -d /sys/fs/cgroup/systemd ]; then
  mount -t tmpfs none /sys/fs/cgroup
  mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
  mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd
  mount -t cgroup2 none /sys/fs/cgroup/unified
else
  mount -t cgroup2 none /sys/fs/cgroup
fi
exec /lib/systemd/systemd --user --log-target=console --unit=basic.target
END

# Writes the unit, with the lists in $tmp/lists: start_systemd SETTING...
# overrides settings of its service.
start_systemd ()
{
  local group
  mkdir -p "$XDG_RUNTIME_DIR" "$tmp/lists" "$tmp/units/stripecopy@.service.d"
  chmod 700 "$XDG_RUNTIME_DIR"
  ln -s /usr/lib/systemd/user/{basic,exit,shutdown}.target \
        /usr/lib/systemd/user/systemd-exit.service "$tmp/units"
  ln -s "$(realpath "$stripecopy")" "$tmp/program"
  sed -e "s|^ExecStart=[^ ]*|ExecStart=$tmp/program|" \
      -e "s|/etc/stripecopy/|$tmp/lists/|" \
      "$build/docs/systemd/stripecopy@.service" \
      > "$tmp/units/stripecopy@.service"
  printf '%s\n' '[Service]' "$@" \
         > "$tmp/units/stripecopy@.service.d/test.conf"

  make_groups
  (
    for group in "${groups[@]}"; do
      echo "$BASHPID" > "$group/cgroup.procs"
    done
    STRIPECOPY_TEST_COPY=$tmp TMPDIR=$tmp/private \
      exec unshare -mC sh "$tmp/become-systemd"
  ) > "$tmp/systemd.log" 2>&1 &
  systemd_pid=$!
  servers+=("$systemd_pid")
  wait_until systemd_runs_or_ended
  service_manager show -p Version > "$tmp/gone" ||
    skip "systemd does not run here: $(tail -n 1 "$tmp/systemd.log")"
}

service_manager () { systemctl --user "$@"; }

systemd_runs_or_ended ()
{
  ! kill -0 "$systemd_pid" 2> "$tmp/gone" ||
    service_manager show -p Version > "$tmp/gone" 2>&1
}

# Prints a property of the service of a list: property LIST NAME
property () { service_manager show --value -p "$2" "stripecopy@$1"; }

# property_is LIST NAME PATTERN: whether a pattern of the shell matches it.
# shellcheck disable=SC2053
property_is () { [[ $(property "$1" "$2") = $3 ]]; }

expect_property ()
{
  property_is "$@" || fail "$2 is not $3: $(service_status "$1")"
}

service_status () { service_manager status --no-pager "stripecopy@$1" || :; }
