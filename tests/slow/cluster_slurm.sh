#!/usr/bin/env bash
# A real Slurm on two hosts in network namespaces (slurmctld, two slurmd, munge, PMIx): a sweep over node counts inside salloc and inside a
# batch job that scripts/launchers/sbatch wrote; srun --mpi=pmix starts the ranks.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/fakes/namespace_cluster.sh
. tests/fakes/namespace_cluster.sh
need_cluster "sweeps under Slurm"
for tool in slurmctld slurmd munged mungekey srun salloc sbatch; do
    command -v "$tool" >/dev/null || { skip "sweeps under Slurm" "there is no $tool"; exit 0; }
done
cluster_up 2 200mbit
unset TMPDIR # PMIx must use each host's own /tmp, see below
here=$PWD
conf=$work/slurm pids=()
mkdir -p "$conf" "$conf/state" "$conf/spool.t1" "$conf/spool.t2" "$conf/tmp.t1" "$conf/tmp.t2" "$conf/munge"
chmod 755 "$work" "$conf"
# shellcheck disable=SC2317 # by the trap
stop_slurm() {
    local pid
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null; done
    sleep 1
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null; done
    cluster_down
    rm -rf "$work"
    [ "$failures" -eq 0 ]
}
trap stop_slurm EXIT

chmod 700 "$conf/munge"
mungekey --create --keyfile "$conf/munge/key"
munged --foreground --force --socket "$conf/munge/socket" --key-file "$conf/munge/key" --pid-file "$conf/munge/pid" --log-file "$conf/munge/log" \
    --seed-file "$conf/munge/seed" >/dev/null 2>&1 &
pids+=($!)
cat >"$conf/slurm.conf" <<END
ClusterName=busbar
SlurmctldHost=ctl(10.99.$tag.1)
SlurmctldPort=$((20000 + tag))
SlurmdPort=$((21000 + tag))
SrunPortRange=30000-32000
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$conf/munge/socket
CryptoType=crypto/munge
StateSaveLocation=$conf/state
SlurmdSpoolDir=$conf/spool.%n
SlurmctldPidFile=$conf/ctl.pid
SlurmdPidFile=$conf/%n.pid
SlurmctldLogFile=$conf/ctl.log
SlurmdLogFile=$conf/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
MpiDefault=pmix
ReturnToService=2
NodeName=t1 NodeAddr=10.99.$tag.11 CPUs=$(nproc) State=UNKNOWN
NodeName=t2 NodeAddr=10.99.$tag.12 CPUs=$(nproc) State=UNKNOWN
PartitionName=main Nodes=t1,t2 Default=YES OverSubscribe=FORCE:4 State=UP
END
printf 'CgroupPlugin=cgroup/v1\nCgroupAutomount=no\nIgnoreSystemd=yes\nConstrainCores=no\nConstrainRAMSpace=no\nConstrainSwapSpace=no\nConstrainDevices=no\n' >"$conf/cgroup.conf"
export SLURM_CONF=$conf/slurm.conf
unshare --uts sh -c "hostname ctl; exec slurmctld -D -f $SLURM_CONF" >/dev/null 2>&1 &
pids+=($!)
for h in t1 t2; do
    # Each node gets a private /tmp, since PMIx keeps its files there and the nodes share a file system. The test's folder, and the
    # checkout if it is below /tmp, must stay visible.
    for folder in "$work" "$here"; do
        if [[ $folder == /tmp/* ]]; then echo "mkdir -p '$conf/tmp.$h/${folder#/tmp/}' && mount --bind '$folder' '$conf/tmp.$h/${folder#/tmp/}' || exit"; fi
    done >"$conf/$h.mounts"
    ip netns exec "bb$tag-$h" unshare --uts --mount sh -c "hostname $h; . '$conf/$h.mounts'; \
        mount --rbind $conf/tmp.$h /tmp; exec slurmd -D -N $h -f $SLURM_CONF" >"$conf/$h.err" 2>&1 &
    pids+=($!)
done
up=0
for _ in $(seq 40); do
    if [ "$(sinfo -h -o %T -N 2>/dev/null | grep -c idle)" -eq 2 ]; then up=1; break; fi
    sleep 0.5
done
if [ "$up" -ne 1 ]; then
    not_ok "slurmctld and two slurmd come up"
    tail -n 3 "$conf"/*.log "$conf"/*.err | sed 's/^/    /'
    exit 1
fi
ok "slurmctld and two slurmd come up"

export OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=10.99.$tag.0/24 OMPI_MCA_mpi_yield_when_idle=1
# As in a user's job, the results go to a folder on a file system that all nodes share.
flags=(--build "$here/$build" --results "$work/results" --nodes "1,2" --drivers all_reduce --sizes "1K,64K" --mode isolated --max-seconds 0.3
    --driver-arg --passes=1 --launches 1 --ranks-per-node 2)
case $build in /*) flags[1]=$build ;; esac
check "a sweep inside salloc" timeout 120 salloc -Q -N 2 --ntasks-per-node=2 --overcommit scripts/sweep "${flags[@]}" --run salloc
sed 's/^/    /' "$work/err"
equal "over one and two nodes" "$(complete salloc)" 2
equal "srun started them" "$(grep -h -o '"nodes":2,"ranks":4' "$work"/results/salloc/*-2n4r*.jsonl | head -n 1)" '"nodes":2,"ranks":4'
check "the job's id is the allocation's" grep -q 'from: Slurm job' "$work/results/salloc/hosts.tsv"

scripts/launchers/sbatch --nodes 2 --tasks-per-node 2 --time 00:05:00 --chdir "$here" --sbatch "--overcommit --output=$work/job.log" -- \
    "${flags[@]}" --run sbatch >"$work/job"
check "the batch script is one that sbatch takes" sbatch --test-only "$work/job"
check "a sweep inside sbatch" timeout 150 sbatch --wait -Q "$work/job"
[ ! -s "$work/job.log" ] || sed 's/^/    /' "$work/job.log"
equal "over one and two nodes too" "$(complete sbatch)" 2
exit "$failures"
