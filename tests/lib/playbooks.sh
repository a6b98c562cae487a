# SPDX-License-Identifier: LGPL-2.1-or-later
# Shared by the tests of the Ansible collection, which source it after
# test.sh.  All files of Ansible are in the folder of the test, and the
# user's settings are not read.  The hosts one, two and three are all this
# machine.
# shellcheck shell=bash disable=SC2154

requires ansible-playbook
requires_bare_binary "playbooks"        # they test the collection, and are slow

stripecopy=$(realpath "$stripecopy")
mkdir -p "$tmp/home" "$tmp/collections/ansible_collections/stripecopy"
collection=$tmp/collections/ansible_collections/stripecopy/disks
cp -RL "$srcdir/../docs/ansible" "$collection"
chmod -R u+w "$collection"

# Each module is a Python that reads its text from standard input: byte by byte
# if it is unbuffered. The text has a copy of Ansible's library in it, which the
# Python would compile, unless it has the compiled library already.
mkdir "$tmp/compiled"
echo 'import ansible' > "$tmp/compiled/sitecustomize.py"
python_for_modules="/usr/bin/env -u PYTHONUNBUFFERED PYTHONPATH=$tmp/compiled"

cat > "$tmp/ansible.cfg" <<END
[defaults]
collections_path = $tmp/collections
inventory = $tmp/hosts
local_tmp = $tmp/home/local
remote_tmp = $tmp/home/remote
async_dir = $tmp/home/jobs
nocolor = true
nocows = true
pipelining = true
internal_poll_interval = 0.01
module_compression = ZIP_STORED
END

cat > "$tmp/hosts" <<END
[all]
one
two
three
[all:vars]
ansible_connection = local
ansible_python_interpreter = $python_for_modules {{ ansible_playbook_python }}
tmp = $tmp
END

# Sets gated to arguments for nbdkit that serve the files of a folder by their
# names, and hold all reads from an offset on until $tmp/open exists.
gate ()
{
  make_gate "$tmp/gate"
  open_gate_when "$tmp/gate" test -e "$tmp/open"
  # shellcheck disable=SC2016,SC2034
  gated=(eval thread_model='echo parallel' open='echo "$3"'
         get_size="stat -c %s '$1'/\$2"
         pread="[ \$4 -lt $2 ] || : < '$tmp/gate'
                dd if='$1'/\$2 bs=64k iflag=fullblock,skip_bytes,count_bytes \
                   skip=\$4 count=\$3 status=none")
}

# Runs one of Ansible's programs, with unbuffered output in $output: newer
# releases buffer lines for a file.
run_ansible ()
{
  env LC_ALL=C.UTF-8 HOME="$tmp/home" TMPDIR="$tmp/private" \
      PYTHONUNBUFFERED=1 \
      PATH="${stripecopy%/*}:$PATH" \
      ANSIBLE_CONFIG="$tmp/ansible.cfg" STRIPECOPY_TEST_COPY="$tmp" \
      timeout -k 5 $((3 * limit)) "$@" < /dev/null > "$output" 2> "$errors"
}

# play STATUS ARGS...: runs ansible-playbook, and expects an exit status.
play ()
{
  local want=$1
  shift
  code=0
  run_ansible ansible-playbook "$@" || code=$?
  [ $code -eq "$want" ] ||
    fail "exit status $code, not $want: ansible-playbook $*"
  expect_no_reports
}

# Checks that a line of the output matches.
expect_played ()
{
  grep -qE -e "$1" "$output" || fail "no line of the play matches: $1"
}

# Checks that a text is neither in the output nor in the files that were left.
expect_secret ()
{
  ! grep -qF -e "$1" "$output" "$errors" || fail "the play shows $1"
  ! grep -rqF -e "$1" "$tmp/home" || fail "a file of Ansible's has $1"
}
