# Sourced by the tests on a cluster of network namespaces (after tests/lib.sh). need_cluster skips the test if a requirement, such as root,
# is missing.
# shellcheck shell=bash disable=SC2154 # work, build, mpirun and mpi_launcher come from tests/lib.sh
need_cluster() {
    local tool
    if [ "$(id -u)" -ne 0 ]; then skip "$1" "root is needed for network namespaces"; exit 0; fi
    for tool in ip tc unshare; do
        if ! command -v "$tool" >/dev/null; then skip "$1" "there is no $tool"; exit 0; fi
    done
    if [ "$(MPIRUN=$mpirun "$mpi_launcher" --family)" != openmpi ]; then skip "$1" "its network settings are Open MPI's"; exit 0; fi
    if ! { ip netns add "bb-probe-$$" && ip netns del "bb-probe-$$"; } 2>/dev/null; then skip "$1" "this kernel lets nobody make network namespaces"; exit 0; fi
    if [ ! -x "$build/all_reduce" ]; then skip "$1" "build/all_reduce is not built"; exit 0; fi
}

cluster() { tests/fakes/cluster "$work/cluster" "$@"; }
cluster_up() { # N RATE
    trap 'cluster_down; rm -rf "$work"; [ "$failures" -eq 0 ]' EXIT
    trap 'exit 1' TERM INT
    cluster up "$@" || { skip "$0" "the cluster could not be made"; exit 0; }
    tag=$(cat "$work/cluster/tag")
}
# Works even if this test ran within another one that ended first and removed $work.
cluster_down() {
    [ -z "${tag:-}" ] || { mkdir -p "$work/cluster" && echo "$tag" >"$work/cluster/tag"; }
    cluster down
}

# Runs scripts/sweep on the cluster's hosts; results go below $work/results.
sweep_cluster() {
    timeout 300 scripts/sweep --build "$build" --results "$work/results" --hostfile "$work/cluster/hosts" \
        --launcher-args "$(cat "$work/cluster/mpirun_args")" "$@"
}

# Waits until a launch of run $1 whose name contains $2 has begun to measure, for at most 120 s, since the launches before
# it may take a minute on a busy machine. The sweep must be the last background job; fails if it has ended.
wait_for_launch() {
    for _ in $(seq 1200); do
        if grep -ls '"record":"launch"' "$work/results/$1"/*"$2"* >/dev/null 2>&1; then sleep 1; return 0; fi
        kill -0 $! 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

# Prints the process id of a rank's program on a host: the processes in the host's namespace are those of the host.
rank_on() { # host program
    local pid
    for pid in $(ip netns pids "bb$tag-$1"); do
        if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ]; then echo "$pid"; return 0; fi
    done
    return 1
}
