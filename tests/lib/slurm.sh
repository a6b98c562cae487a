# SPDX-License-Identifier: LGPL-2.1-or-later
# A Slurm cluster on this machine, all of it in the folder of the test: a
# controller, two nodes with two processors each, and munge. Sourced after
# test.sh.
# shellcheck shell=bash disable=SC2154

PATH=$PATH:/usr/sbin
requires munged slurmctld slurmd sbatch python3
requires_bare_binary "a cluster"    # it tests Slurm, and takes seconds

mkdir "$tmp/slurm"
# The last eight bytes of a name of a socket have to fit, too.
[ ${#tmp} -lt 70 ] || skip "the name of the folder for tests is too long"
head -c 1024 /dev/urandom > "$tmp/slurm/key"
chmod 600 "$tmp/slurm/key"
export SLURM_CONF=$tmp/slurm/slurm.conf

# Free ports below those that Linux gives to clients.
slurm_ports ()
{
  python3 -ISc '
import random, socket
kept = []
while len(kept) < 3:
    s = socket.socket()
    try:
        s.bind(("", random.randrange(12000, 32000)))
        kept.append(s)
    except OSError:
        pass
print(*(s.getsockname()[1] for s in kept))'
}

# A job that was requeued starts again only when the credentials of its last
# start are no longer valid, after at least five seconds.
slurm_configure ()
{
  local ports user host
  read -r -a ports < <(slurm_ports)
  user=$(id -un) host=$(hostname -s)
  cat > "$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$tmp/slurm/munge,cred_expire=5
CredType=cred/munge
StateSaveLocation=$tmp/slurm/state
SlurmdSpoolDir=$tmp/slurm/%n
SlurmctldPidFile=$tmp/slurm/slurmctld.pid
SlurmdPidFile=$tmp/slurm/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$tmp/slurm/ended
SelectType=select/cons_res
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=5
SchedulerParameters=sched_interval=1,batch_sched_delay=0
KillWait=2
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[1]} CPUs=2
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[2]} CPUs=2
PartitionName=all Nodes=n1,n2 Default=YES
END
  mkdir "$tmp/slurm/state"
}

# Starts a daemon. It is no process of a copy.
slurm_daemon ()
{
  env -u STRIPECOPY_TEST_COPY "$@" < /dev/null >> "$tmp/daemons.log" 2>&1 &
  servers+=($!)
}

slurm_start_controller ()
{
  [ -e "$SLURM_CONF" ] || slurm_configure
  [ -S "$tmp/slurm/munge" ] || {
    slurm_daemon munged --force --foreground --num-threads=1 \
      --key-file="$tmp/slurm/key" --socket="$tmp/slurm/munge" \
      --pid-file="$tmp/slurm/munge.pid" --log-file="$tmp/slurm/munge.log" \
      --seed-file="$tmp/slurm/munge.seed"
    wait_until test -S "$tmp/slurm/munge"
  }
  slurm_daemon slurmctld -D
}

# Starts nodes, and waits until they answer.
slurm_start_nodes ()
{
  local node
  for node; do
    slurm_daemon TEST_NODE="$node" slurmd -D -N "$node"
  done
  wait_until slurm_has_nodes "$@"
}

# A state has a mark at its end while the node does not answer.
slurm_has_nodes ()
{
  local nodes=$*
  slurm_counts $# "$nodes" 'idle|mixed|allocated|completing'
}

# Slurm knows that all nodes are lost. Nodes that come back earlier keep it from
# noticing that their jobs are lost.
slurm_has_no_node () { slurm_counts 2 "n1 n2" 'down\*'; }

slurm_counts ()
{
  pause 0.5                         # each question takes two programs
  [ "$(sinfo -h -N -n "${2// /,}" -o %T 2> "$tmp/gone" |
         grep -cxE "$3")" -eq "$1" ]
}

slurm_start ()
{
  slurm_start_controller
  slurm_start_nodes n1 n2
}

# Returns true if the accounts have an end of a part in this state: PENDING if
# it was requeued, NODE_FAIL if its host was lost.
slurm_ended ()
{
  grep -q " JobState=$2 .* ArrayTaskId=$1 " "$tmp/slurm/ended" 2> "$tmp/gone"
}

# Kills the processes of a node, with its jobs, as when it loses power. Without
# a node, kills the whole cluster except munge, and also sbatch.
slurm_kill ()
{
  local pid pids=()
  while IFS=/ read -r _ _ pid _; do
    case $(cat "/proc/$pid/comm" 2> "$tmp/gone") in
      slurm*|sbatch|stripecopy) ;;
      *) continue ;;
    esac
    [ $# -eq 0 ] ||
      grep -aqFs -e "TEST_NODE=$1" -e "SLURMD_NODENAME=$1" \
           "/proc/$pid/environ" || continue
    pids+=("$pid")
  done < <(grep -alFs -e "SLURM_CONF=$SLURM_CONF" /proc/[0-9]*/environ)
  [ ${#pids[@]} -gt 0 ] || fail "there is nothing to kill"
  kill -KILL "${pids[@]}"
}
