# SPDX-License-Identifier: LGPL-2.1-or-later
# Hosts that can be reached by ssh: the names copier1 and copier2 are an sshd on
# this machine, with keys in the folder of the test. The login shell does not
# read the user's own files. Sourced after pages.sh.
# shellcheck shell=bash disable=SC2154

PATH=$PATH:/usr/sbin
requires sshd ssh ssh-keygen python3

mkdir -m 700 "$tmp/ssh"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/ssh/key"

# Starts sshd with the programs of the page in its PATH. An sshd of root needs
# an empty folder, which only exists where its service has run.
start_sshd ()
{
  local port sshd=("$(command -v sshd)" -D -e -f "$tmp/ssh/sshd_config")
  port=$(python3 -ISc 'import random, socket
while True:
    try:
        s = socket.socket()
        s.bind(("127.0.0.1", random.randrange(12000, 32000)))
        print(s.getsockname()[1])
        break
    except OSError:
        pass')
  cat > "$tmp/ssh/sshd_config" <<END
ListenAddress 127.0.0.1:$port
HostKey $tmp/ssh/key
AuthorizedKeysFile $tmp/ssh/key.pub
PidFile $tmp/ssh/pid
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
MaxStartups 100
SetEnv HOME=$tmp/ssh PATH=$page_programs:$PATH STRIPECOPY_TEST_COPY=$tmp TMPDIR=$tmp/private
END
  cat > "$tmp/ssh/config" <<END
Host copier1 copier2
  HostName 127.0.0.1
  Port $port
  IdentityFile $tmp/ssh/key
  IdentitiesOnly yes
  UserKnownHostsFile $tmp/ssh/known
  HostKeyAlias copier
END
  echo "copier $(cut -d ' ' -f 1,2 "$tmp/ssh/key.pub")" > "$tmp/ssh/known"
  printf '%s\n' "#!$BASH" \
    "exec $(command -v ssh) -F $tmp/ssh/config \"\$@\"" > "$page_programs/ssh"
  chmod +x "$page_programs/ssh"
  if [ "$(id -u)" -eq 0 ] && [ ! -d /run/sshd ]; then
    sshd=(unshare -m sh -c 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd &&
                            exec "$@"' sh "${sshd[@]}")
    unshare -m true 2> "$tmp/gone" || skip "there is no /run/sshd"
  fi
  "${sshd[@]}" < /dev/null 2> "$tmp/sshd.log" &
  servers+=($!)
  wait_until grep -q '^Server listening' "$tmp/sshd.log"
}
