#!/usr/bin/env bash
# What scripts print for launchers: an MPIJob with the fields that its CRD requires, a batch script; the environment of presets; the hosts of
# an allocation; the differences that preflight finds.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

check "an MPIJob with a ComputeDomain" scripts/launchers/mpijob --image registry/busbar:1 --workers 18 --gpus-per-worker 4 --compute-domain \
    --resource vpc.amazonaws.com/efa=4 --env 'A=b "c\d: #' --node-selector a/b=c -- --label "it's \"x\": \$HOME"
cp "$work/out" "$work/job.yaml"
if python3 -c 'import yaml' 2>/dev/null; then
    check "is YAML with what the CRDs require, and words reach the sweep whole" python3 - "$work/job.yaml" <<'END'
import shlex, sys, yaml
domain, job = yaml.safe_load_all(open(sys.argv[1]))
assert (domain["apiVersion"], domain["kind"]) == ("resource.nvidia.com/v1beta1", "ComputeDomain")
assert domain["spec"]["numNodes"] == 18
template = domain["spec"]["channel"]["resourceClaimTemplate"]["name"]
assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v2beta1", "MPIJob")
spec = job["spec"]
launcher, worker = spec["mpiReplicaSpecs"]["Launcher"], spec["mpiReplicaSpecs"]["Worker"]
assert spec["slotsPerWorker"] == 4 and worker["replicas"] == 18 and launcher["replicas"] == 1
pod = worker["template"]["spec"]
claim = pod["resourceClaims"][0]
assert claim["resourceClaimTemplateName"] == template
container = pod["containers"][0]
inside = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
assert [term["topologyKey"] for term in inside] == ["nvidia.com/gpu.clique"] and inside[0]["labelSelector"]["matchLabels"]["training.kubeflow.org/job-role"] == "worker"
assert container["resources"]["claims"] == [{"name": claim["name"]}]
assert container["resources"]["limits"]["nvidia.com/gpu"] == 4 and container["resources"]["limits"]["vpc.amazonaws.com/efa"] == "4"
assert container["env"][0] == {"name": "A", "value": 'b "c\\d: #'}
words = shlex.split(launcher["template"]["spec"]["containers"][0]["args"][0].split(";")[0])
assert words[-2:] == ["--label", "it's \"x\": $HOME"], words
END
else
    skip "the MPIJob is parsed" "python3 has no yaml"
fi
expect_status "a name that would break the YAML" 2 scripts/launchers/mpijob --image x --workers 2 --gpus-per-worker 1 --name "$(printf 'a\nb: c')"
expect_status "an MPIJob without an image" 2 scripts/launchers/mpijob --workers 2 --gpus-per-worker 1
check "a batch script" scripts/launchers/sbatch --nodes 18 --gpus-per-node 4 --sbatch "--segment=16" -- --label "a b"
tells "asks for its nodes" '^#SBATCH --nodes=18' "$work/out"
tells "and for what was given" '^#SBATCH --segment=16' "$work/out"
check "is a shell script" bash -n "$work/out"
expect_status "a bad number of nodes" 2 scripts/launchers/sbatch --nodes many

# The expected lines are those of the vendors' scripts, which scripts/preset names.
machine() { # FILE…: makes a root folder with these files, all empty
    local file
    rm -rf "$work/root"
    for file in "$@"; do mkdir -p "$work/root/$(dirname "$file")" && : >"$work/root/$file"; done
}
preset() { PRESET_ROOT=$work/root scripts/preset "$@"; }
sets() { # NAME LINE…: checks that the output has each line
    local name=$1 line
    shift
    for line in "$@"; do grep -qxF -- "$line" "$work/out" || { not_ok "$name: no '$line'"; cat "$work/out"; return; }; done
    ok "$name"
}
sets_no() { # NAME REGEX: checks that the output is not empty and no line of it matches
    if [ -s "$work/out" ] && ! grep -qE -- "$2" "$work/out"; then ok "$1"; else not_ok "$1"; cat "$work/out"; fi
}
check "presets for GB200 on AWS" scripts/preset auto u-p6e-gb200x72
sets_no "leave NVLink between hosts and NVLS to NCCL" '^NCCL_(MNNVL|NVLS)_ENABLE'
machine opt/microsoft/ndv5-topo.xml
check "Azure GB300" preset azure ND128isr_GB300_v6
sets "has its service level, and what its tests set" NCCL_IB_SL=1 NCCL_NET_GDR_C2C=1 NCCL_NET_GDR_LEVEL=PHB NCCL_DMABUF_ENABLE=1 \
    NCCL_IGNORE_CPU_AFFINITY=1 NCCL_IB_QPS_PER_CONNECTION=4 NCCL_P2P_NET_CHUNKSIZE=2097152
sets_no "and no other machine's topology" TOPO_FILE
check "Azure H100" preset azure ND96isr_H100_v5
sets "has its own topology" NCCL_TOPO_FILE=/opt/microsoft/ndv5-topo.xml NCCL_IB_PCI_RELAXED_ORDERING=1
sets "and in-network reduction, as in Azure's tests" NCCL_COLLNET_ENABLE=1 SHARP_COLL_ENABLE_SAT=1 SHARP_SMX_UCX_INTERFACE=mlx5_ib0:1
machine sys/class/infiniband/mlx5_ib0
check "Azure H100 with its device" preset azure ND96isr_H100_v5
sets "has MPI's too" UCX_TLS=rc UCX_NET_DEVICES=mlx5_ib0:1
machine opt/amazon/ofi-nccl/lib/aarch64-linux-gnu/libnccl-{net,ofi-tuner}.so
check "AWS" preset aws
sets "finds the plug-in, which has the tuner in it, below lib/*-linux-gnu" NCCL_NET_PLUGIN=/opt/amazon/ofi-nccl/lib/aarch64-linux-gnu/libnccl-net.so FI_PROVIDER=efa
sets "and keeps to the networks of the host" 'NCCL_SOCKET_IFNAME=^docker,lo,veth'
sets_no "and sets nothing that AWS dropped" 'TUNER|BUFFSIZE|CHUNKSIZE'
machine dev/nvidiactl sys/class/dmi/id/sys_vendor
echo 'Amazon EC2' >"$work/root/sys/class/dmi/id/sys_vendor"
check "an instance that the table lacks" preset auto p6-b200.48xlarge-cb
sets "has the settings of the cloud that the firmware names" FI_PROVIDER=efa
check "one that it has, elsewhere" preset auto BM.GPU.H100.8
sets "has those of its own cloud" NCCL_IB_TC=41 UCX_TLS=tcp UCX_NET_DEVICES=eth0 NCCL_NET_PLUGIN=none
machine opt/hpcx-2.20/nccl_rdma_sharp_plugin/lib/libnccl-net.so
check "OCI with the plug-in of HPC-X" preset auto BM.GPU.H100.8
sets "uses it" NCCL_NET_PLUGIN=/opt/hpcx-2.20/nccl_rdma_sharp_plugin/lib/libnccl-net.so
machine sys/class/infiniband/mlx5_{0,1,2,3,5,6,7,8}
check "OCI GB300" preset auto BM.GPU.GB300.4
sets "is RoCE" NCCL_IB_GID_INDEX=3 NCCL_IB_TC=41 NCCL_IB_SL=0 NCCL_IB_TIMEOUT=22 NCCL_IB_QPS_PER_CONNECTION=4 NCCL_IB_HCA==mlx5_0,mlx5_1,mlx5_2,mlx5_3,mlx5_5,mlx5_6,mlx5_7,mlx5_8
machine sys/class/infiniband/rdma_vf_rail{0,1,2,3} opt/oci-hpc/healthchecks/GB300MP.xml
check "OCI GB300 with several planes" preset auto BM.GPU.GB300.4
sets "has the devices and settings of its own" NCCL_IB_HCA=rdma_vf_rail0,rdma_vf_rail1,rdma_vf_rail2,rdma_vf_rail3 NCCL_NET_PLUGIN=spcx NCCL_IB_TC=96 \
    NCCL_IB_QPS_PER_CONNECTION=16 NCCL_IB_TIMEOUT=16 NCCL_TOPO_FILE=/opt/oci-hpc/healthchecks/GB300MP.xml NCCL_NET_GDR_C2C=1
sets_no "and not those of one plane" 'mlx5|NCCL_IB_TC=41|BUFFSIZE'
machine sys/class/infiniband/mlx5_{0,1,2,3,5,6,7,8}
check "OCI GB200 of the first version" preset auto BM.GPU.GB200.4
sets_no "is InfiniBand" GID_INDEX
tells "and names the device that is missing" 'no mlx5_4' "$work/err"
machine sys/class/infiniband/ibp0/ports/1/link_layer
echo Ethernet >"$work/root/sys/class/infiniband/ibp0/ports/1/link_layer"
check "CoreWeave GB300 on RoCE" preset coreweave gb300-4x
sets "has its address family" NCCL_IB_ADDR_FAMILY=AF_INET6 NCCL_IB_ADDR_RANGE=fd02::/16 NCCL_IB_TC=96 NCCL_IB_HCA=ibp NCCL_SOCKET_IFNAME=eth0 NCCL_NET_PLUGIN=none UCX_TLS=tcp
echo InfiniBand >"$work/root/sys/class/infiniband/ibp0/ports/1/link_layer"
check "CoreWeave GB300 on InfiniBand" preset coreweave gb300-4x
sets_no "has not" ADDR_FAMILY
machine usr/local/gib/scripts/set_nccl_env.sh
printf 'echo noise\nexport NCCL_IB_TC=52 NCCL_NET=other NCCL_WORDS="a b"\nNCCL_LOCAL=1\n' >"$work/root/usr/local/gib/scripts/set_nccl_env.sh"
check "Google" preset auto a4x-highgpu-4g
sets "takes the settings of Google's script" NCCL_NET=gIB NCCL_IB_TC=52
sets_no "and nothing else of it" 'noise|other|WORDS|LOCAL'
machine dev/nvidiactl sys/class/dmi/id/sys_vendor
echo Google >"$work/root/sys/class/dmi/id/sys_vendor"
check "Google's firmware without its plug-in" preset auto
sets_no "does not force the plug-in: A3 High and Mega have another" NCCL_NET=
tells "and says so" 'usr/local/gib is not here' "$work/err"
machine etc/nccl.conf
printf '# mine\n NCCL_NET = Socket\n' >"$work/root/etc/nccl.conf"
check "with /etc/nccl.conf" preset gcp a4x-highgpu-4g
sets_no "what that sets is left to it" NCCL_NET=
for cloud in aws azure gcp oci; do
    check "the preset of $cloud" scripts/preset "$cloud"
    if [ -s "$work/out" ] && ! grep -vqE '^(# .+|[A-Z0-9_]+=[^ ]+)$' "$work/out" && head -n 1 "$work/out" | grep -q '^#'; then ok "says why"
    else not_ok "is not variables with reasons"; cat "$work/out"; fi
done
expect_status "an unknown cloud" 2 scripts/preset nowhere

# The exact output of mpirun --version in each family.
family() { # NAME LINE…
    mkdir -p "$work/mpi/$1"
    printf '#!/bin/sh\ncat <<END\n%s\nEND\n' "$(printf '%s\n' "${@:2}")" >"$work/mpi/$1/mpirun"
    chmod +x "$work/mpi/$1/mpirun"
}
family openmpi4 'mpirun (Open MPI) 4.1.4' '' 'Report bugs to http://www.open-mpi.org/community/help/'
family openrte 'mpirun.openmpi (OpenRTE) 4.1.4' # Debian's, when called by that name
family openmpi5 'mpirun (Open MPI) 5.0.11'
family mpich 'HYDRA build details:' '    Version:                                 4.0.2'
family intel 'Intel(R) MPI Library for Linux* OS, Version 2021.18 Build 20251013 (id: 1234)' 'Copyright 2003-2025, Intel Corporation.'
family slurm 'slurm-wlm 22.05.8'
printf 'other\t-\t-\t-\n' >"$work/two"
printf 'another\t-\t-\t-\n' >>"$work/two"
line_of() { env SWEEP_SCRATCH="$work" SWEEP_RANKS=2 SWEEP_RANKS_PER_NODE=1 SWEEP_DRY_RUN=1 MPIRUN="$work/mpi/$1/mpirun" "${@:2}" scripts/launchers/mpirun program; }
is_line() { if [ "$(cat "$work/out")" = "$2" ]; then ok "$1"; else not_ok "$1: $(cat "$work/out")"; fi; }
for name in openmpi4 openrte openmpi5; do
    check "$name: its family" env MPIRUN="$work/mpi/$name/mpirun" scripts/launchers/mpirun --family
    is_line "is known" openmpi
    check "$name on this machine" line_of $name
    is_line "has Open MPI's flags" "$work/mpi/$name/mpirun -np 2 --map-by ppr:1:node --oversubscribe program"
    check "$name on two hosts" line_of $name SWEEP_HOSTS="$work/two" SWEEP_ENV='A B'
    is_line "has its host file and variables" "$work/mpi/$name/mpirun -np 2 --map-by ppr:1:node --hostfile $work/hostfile -x A -x B program"
    check "with slots" grep -qx 'another slots=1' "$work/hostfile"
done
for name in mpich intel; do
    check "$name: its family" env MPIRUN="$work/mpi/$name/mpirun" scripts/launchers/mpirun --family
    is_line "is known" hydra
    check "$name on this machine" line_of $name
    is_line "has Hydra's flags" "$work/mpi/$name/mpirun -n 2 -ppn 1 -hosts localhost program"
    check "$name on two hosts" line_of $name SWEEP_HOSTS="$work/two" SWEEP_ENV='A B' SWEEP_LAUNCHER_ARGS='-iface eth0'
    is_line "has its host file" "$work/mpi/$name/mpirun -n 2 -ppn 1 -f $work/hostfile -iface eth0 program"
    check "of names alone" test "$(cat "$work/hostfile")" = "$(printf 'other\nanother')"
done
expect_status "a launcher of no known family" 5 line_of slurm
tells "is named, with what it says" "belongs neither to Open MPI nor to MPICH or Intel MPI: its --version says 'slurm-wlm 22.05.8'" "$work/err"
expect_status "a launcher that is not there" 5 line_of nothing
tells "is named" "there is no '$work/mpi/nothing/mpirun'" "$work/err"
printf 'a\t4\t4\tr1\n' >"$work/gpus"
check "mpirun on hosts with GPUs" line_of openmpi4 SWEEP_HOSTS="$work/gpus"
tells "binds no rank to a core" '--bind-to none' "$work/out"
check "srun on hosts with GPUs" env SWEEP_HOSTS="$work/gpus" SWEEP_NODES=1 SWEEP_RANKS=4 SWEEP_RANKS_PER_NODE=4 SWEEP_DRY_RUN=1 scripts/launchers/srun program
tells "binds none either" '--cpu-bind=none' "$work/out"
srun_line() { env SWEEP_HOSTS="$work/two" SWEEP_NODES=2 SWEEP_RANKS=2 SWEEP_RANKS_PER_NODE=1 SWEEP_DRY_RUN=1 SWEEP_MPI="$1" scripts/launchers/srun program; }
for pair in 'Open MPI 4.1.4:pmix' 'MPICH 4.0.2:pmi2' 'Intel MPI 2021.18.1:pmi2'; do
    check "srun for ${pair%:*}" srun_line "${pair%:*}"
    tells "has the interface that it speaks" "--mpi=${pair#*:} " "$work/out"
done
# A sweep uses the launcher of the MPI that the build found.
mkdir "$work/built"
ln -s "$(realpath "$build/busbar")" "$work/built/busbar"
printf 'MPI_NAME := MPICH 4.0.2\nMPI_MPIRUN := %s\n' "$work/mpi/mpich/mpirun" >"$work/built/config.mk"
check "a sweep by the build's mpirun" env -u MPIRUN SLURM_JOB_ID='' PBS_NODEFILE='' scripts/sweep --build "$work/built" --launcher mpirun --dry-run --launches 1
tells "starts ranks by it" "^$work/mpi/mpich/mpirun -n" "$work/out"
check "a sweep by another mpirun" env MPIRUN="$work/mpi/openmpi4/mpirun" SLURM_JOB_ID='' PBS_NODEFILE='' scripts/sweep --build "$work/built" --launcher mpirun --dry-run --launches 1
tells "starts ranks by that" "^$work/mpi/openmpi4/mpirun -np" "$work/out"
echo other >"$work/other"
check "a sweep on another host" env OFI_NCCL_A=1 SHARP_B=1 LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-/nowhere}" MPIRUN="$work/mpi/openmpi4/mpirun" SLURM_JOB_ID='' PBS_NODEFILE='' \
    scripts/sweep --build "$work/built" --launcher mpirun --hostfile "$work/other" --no-preflight --dry-run --launches 1
for name in OFI_NCCL_A SHARP_B LD_LIBRARY_PATH; do tells "passes $name on" "-x $name " "$work/out"; done
printf 'other slots=8\nanother slots=8\n' >"$work/operator"
dry() { env MPIRUN="$work/mpi/openmpi4/mpirun" SLURM_JOB_ID='' PBS_NODEFILE='' scripts/sweep --build "$work/built" --launcher mpirun --hostfile "$work/operator" --dry-run --launches 1 --drivers all_reduce --nodes all "$@"; }
check "a plan for hosts of which nobody tells whether they have GPUs" dry
tells "is one for CPUs" ' -e 67108864 ' "$work/out"
check "and for the same of an instance with GPUs" dry --instance p5.48xlarge
tells "is one for GPUs, whose ranks are not bound" '-np 16 .* --bind-to none .* -e 17179869184 ' "$work/out"
# A shell reads the printed line as the same words: whatever a label contains, nothing of it runs.
# shellcheck disable=SC2016 # commands as data
label='a b; $(touch evil) `x` '"it's"
printf 'h1\t2\t-\t-\n' >"$work/one"
printed() { (cd "$work" && env SWEEP_DRY_RUN=1 SWEEP_HOSTS="$work/one" SWEEP_NODES=1 SWEEP_RANKS=2 SWEEP_RANKS_PER_NODE=2 SWEEP_SCRATCH="$work" "$@"); }
for launcher in mpirun srun; do
    check "$launcher prints a label" printed MPIRUN="$work/mpi/openmpi4/mpirun" "$PWD/scripts/launchers/$launcher" echo --label "$label" -b 8,9
    equal "as one word" "$(eval "set -- $(cat "$work/out")" && printf '%s' "${*: -3:1}")" "$label"
    tells "plain words as they are" ' -b 8,9$' "$work/out"
done
check "the line of -g, too" printed SWEEP_DRY_RUN="" SWEEP_ECHO=1 MPIRUN="$work/mpi/openmpi4/mpirun" "$PWD/scripts/launchers/mpirun" echo --label "$label"
equal "has one word" "$(eval "set -- $(sed -n 's/^# //p' "$work/err")" && printf '%s' "${*: -1}")" "$label"
# Only scripts/launchers/mpirun starts ranks with the flags of an MPI family.
if git rev-parse --git-dir >/dev/null 2>&1; then
    owners=$(git grep -lE -e '--oversubscribe|--map-by|-ppn |"\$\{?(MPIRUN|mpirun)[^"]*" (-n|--?[a-z]*np) ' -- scripts tests Makefile ':!*.md' ':!tests/e2e/launchers.sh')
    if [ "$owners" = scripts/launchers/mpirun ]; then ok "one script knows the flags"; else not_ok "flags of mpirun are in: $owners"; fi
fi

mpirun_line() { env SWEEP_HOSTS="$work/one" SWEEP_SCRATCH="$work" SWEEP_RANKS=99999 SWEEP_RANKS_PER_NODE=99999 SWEEP_DRY_RUN=1 MPIRUN="$work/mpi/openmpi4/mpirun" "$@" scripts/launchers/mpirun program; }
printf '%s\t-\t-\t-\n' "$(uname -n)" >"$work/one"
check "mpirun with more ranks than this machine has cores" mpirun_line
tells "lets them share cores" '--oversubscribe --bind-to none' "$work/out"
printf 'other\t-\t-\t-\n' >"$work/one"
check "mpirun on another host" mpirun_line SWEEP_REMOTE=1
lacks "does not judge it by the cores of this one" oversubscribe "$work/out"
check "mpirun on another host with few cores" mpirun_line SWEEP_REMOTE=1 SWEEP_OVERSUBSCRIBE=1
tells "is told so" '--oversubscribe --bind-to none' "$work/out"

printf 'a slots=4 gpus=4 domain=r1\nb:4\nc\nc # twice\n' >"$work/hosts"
check "a host file" scripts/allocation "$work/hosts"
tells "with all columns" "$(printf 'a\t4\t4\tr1')" "$work/out"
tells "with Hydra's form" "$(printf 'b\t4')" "$work/out"
tells "with repeated names" "$(printf 'c\t2')" "$work/out"
printf 'x\nx\ny\n' >"$work/nodes"
PBS_NODEFILE=$work/nodes PBS_JOBID=7 SLURM_JOB_ID='' check "PBS" scripts/allocation
tells "counts its lines" "$(printf 'x\t2')" "$work/out"
printf 'w-0 slots=8\nw-1 slots=8\n' >"$work/operator"
OMPI_MCA_orte_default_hostfile=$work/operator SLURM_JOB_ID='' PBS_NODEFILE='' check "the MPI operator" scripts/allocation
tells "has its hosts" "$(printf 'w-1\t8')" "$work/out"
# Numbers of GPUs are compared as numbers: as text, 5 is above 4096 and 10000 below.
for gpus in 1 5 6 7 8 9 16 41 72 999 4096; do
    echo "a slots=4 gpus=$gpus" >"$work/gpus_of_a"
    check "a host of $gpus GPUs" scripts/allocation "$work/gpus_of_a"
    tells "has them" "^a"$'\t'"4"$'\t'"$gpus"$'\t'"-$" "$work/out"
done
for gpus in 4097 10000 99999999999; do
    echo "a slots=4 gpus=$gpus" >"$work/gpus_of_a"
    expect_status "a host of $gpus GPUs is refused" 5 scripts/allocation "$work/gpus_of_a"
    echo "a slots=$gpus" >"$work/gpus_of_a"
    expect_status "and one of $gpus slots" 5 scripts/allocation "$work/gpus_of_a"
done
# shellcheck disable=SC2016 # a name that a shell would run
printf '$(reboot)\n' >"$work/evil"
expect_status "what is no host name" 5 scripts/allocation "$work/evil"

facts() { printf 'fact\t%s\t%s\t%s\n' "$@"; }
for h in h1 h2 h3; do echo "$h"; done >"$work/three"
{ for h in h1 h2 h3; do facts $h driver 580 $h program abc $h domain uuid/1; done; } >"$work/alike"
expect_status "hosts that are alike" 0 scripts/preflight "$work/three" <"$work/alike"
tells "and their NVLink domain" "$(printf 'domain\tuuid/1\th1 h2 h3')" "$work/out"
{ facts h1 driver 580 h2 driver 570; facts h3 driver 580 h3 throttled "bad: GPU 1 is hot"; } >"$work/unlike"
expect_status "hosts that differ" 1 scripts/preflight "$work/three" <"$work/unlike"
tells "by name, with both values" 'h2: driver is 570, on 2 of 3 hosts it is 580' "$work/out"
tells "and what is wrong by itself" 'h3: throttled: GPU 1 is hot' "$work/out"
head -n 2 "$work/alike" >"$work/missing"
expect_status "a silent host" 5 scripts/preflight "$work/three" <"$work/missing"
tells "by name" "silent.h3" "$work/out"
facts h1 driver 580 h2 driver 570 >"$work/both"
expect_status "a silent host among hosts that differ: they differ" 1 scripts/preflight "$work/three" <"$work/both"
tells "both are told" "silent.h3" "$work/out"
printf 'h1\t4\t4\tr1\nh2\t4\t4\tr1\nh3\t4\t4\t-\n' >"$work/given"
expect_status "NVLink domains as given" 0 scripts/preflight "$work/given" <"$work/alike"
{ facts h1 domain uuid/1 h2 domain uuid/2 h3 domain uuid/1; } >"$work/moved"
expect_status "NVLink domains other than given" 1 scripts/preflight "$work/given" <"$work/moved"
tells "by host" 'h2: its NVLink domain is uuid/2' "$work/out"

# The output of nvidia-smi on a host with four GPUs and open kernel modules, in the format of drivers 570 and 580.
mkdir -p "$work/bin" "$work/host/proc/driver/nvidia" "$work/host/dev/nvidia-caps-imex-channels"
echo 'NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.65.06  Release Build  (builder@host)  Sun Jul 27 07:15:02 UTC 2025' \
    >"$work/host/proc/driver/nvidia/version"
echo '505 nvidia-caps-imex-channels' >"$work/host/proc/devices"
: >"$work/host/dev/nvidia-caps-imex-channels/channel0"
cat >"$work/bin/nvidia-smi" <<'END'
#!/bin/sh
case $* in
*=name*) for _ in 1 2 3 4; do echo 'NVIDIA GB200'; done ;;
*hw_slowdown*) for _ in 1 2 3 4; do echo 'Not Active, Not Active, Not Active'; done ;;
*ecc*) printf '0\n0\n0\n0\n' ;;
nvlink*) for g in 0 1 2 3; do echo "GPU $g: NVIDIA GB200 (UUID: GPU-1)"; printf '\t Link 0: 53.125 GB/s\n\t Link 1: %s\n' "${LINK:-53.125 GB/s}"; done ;;
-q) for g in 0 1 2 3; do cat <<E2
    GPU Fabric GUID                       : 0x1
    Inforom Version
        State                             : not the fabric
    Fabric
        State                             : Completed
        Status                            : ${STATUS:-Success}
        CliqueId                          : 7
        ClusterUUID                       : ${CLUSTER:-9c6f5af3-53bf-49b5-a436-b66766c413c3}
        Health
            Summary                       : Healthy
            Bandwidth                     : ${BANDWIDTH:-Full}
            Route Unhealthy               : False
    Processes                             : None
E2
done ;;
esac
END
chmod +x "$work/bin/nvidia-smi"
export HOSTFACTS_ROOT=$work/host
on_host() { env PATH="$work/bin:$PATH" "$@" scripts/hostfacts "$build/busbar"; }
fact_is() { if [ "$(awk -F '\t' -v n="$2" '$3 == n { print $4 }' "$work/out")" = "$3" ]; then ok "$1"; else not_ok "$1: no $2 '$3'"; cat "$work/out"; fi; }
check "facts of a host of a rack" on_host
fact_is "open kernel modules tell the driver's version" driver 580.65.06
fact_is "GPUs" gpus '4 x NVIDIA GB200'
fact_is "NVLinks and their rate" nvlinks '8 at 53.125 GB/s'
fact_is "the NVLink domain" domain 9c6f5af3-53bf-49b5-a436-b66766c413c3/7
fact_is "its IMEX channel" imex open
check "a link that is down" on_host LINK='<inactive>'
fact_is "is bad" nvlinks 'bad: 4 down, up: 4 at 53.125 GB/s'
check "a fabric that failed" on_host STATUS='Insufficient Resources' CLUSTER=00000000-0000-0000-0000-000000000000
fact_is "is bad too" fabric 'bad: status Insufficient Resources on 4 GPUs'
check "a fabric that is degraded" on_host BANDWIDTH=Degraded
fact_is "is bad as well" fabric 'bad: bandwidth Degraded on 4 GPUs'
rm "$work/host/dev/nvidia-caps-imex-channels/channel0"
check "without an IMEX channel" on_host
fact_is "a host of a rack is bad" imex 'bad: /dev/nvidia-caps-imex-channels/channel0 cannot be opened'
check "a host of eight GPUs, whose fabric is its own" on_host CLUSTER=00000000-0000-0000-0000-000000000000
fact_is "is no domain with others" domain ''
fact_is "and needs no IMEX" imex ''
unset HOSTFACTS_ROOT

# A preflight of 576 hosts takes a few seconds at most.
seq -f 'n%g' 576 >"$work/many"
while read -r h; do for f in kernel cpus program mpi driver cuda nccl gpus nvlinks; do facts "$h" $f same; done; done <"$work/many" >"$work/manyfacts"
begun=$(date +%s%N)
check "preflight of 576 hosts" scripts/preflight "$work/many" <"$work/manyfacts"
took=$((($(date +%s%N) - begun) / 1000000))
if [ "$took" -lt 5000 ]; then ok "takes seconds"; else not_ok "took $took ms"; fi
if command -v shellcheck >/dev/null; then
    check "the scripts are clean" shellcheck -x scripts/sweep scripts/bench scripts/scan scripts/allocation scripts/preset scripts/preflight scripts/hostfacts \
        scripts/launchers/mpirun scripts/launchers/srun scripts/launchers/sbatch scripts/launchers/mpijob tests/fakes/cluster
else skip "the scripts are clean" "there is no shellcheck"; fi
