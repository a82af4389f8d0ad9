#!/usr/bin/env bash
# all-reduce beside OSU=, IMB= and NCCL_TESTS= (programs or their folders): ratio and scatter at equal wall time
# Knobs: SIZES RANKS LAUNCHES SECONDS_EACH (wall time of a launch) CACHES ("warm cold") SEED; MPIRUN_FLAGS go to mpirun. bench/measure/README.md
# says what each tool measures.
. "$(dirname "$0")/../lib.sh"
needs_built all_reduce busbar benchmark/distance

# find_program KNOB PATH NAME…: prints PATH if it is a program, or the first NAME in or below the folder PATH.
find_program() {
    local knob=$1 path=$2 name found
    shift 2
    if [ -f "$path" ] && [ -x "$path" ]; then realpath "$path"; return; fi
    for name in "$@"; do
        found=$(find -L "$path" -maxdepth 6 -name "$name" -type f -perm -u+x -print -quit 2>/dev/null)
        if [ -n "$found" ]; then realpath "$found"; return; fi
    done
    echo "peers: $knob=$path: neither a program nor a folder with $1" >&2
    return 1
}
tools=()
add_tool() { # NAME KNOB PATH PROGRAM…
    local found name=$1
    [ -n "$3" ] || return 0
    shift
    found=$(find_program "$@") || exit 2
    tools+=("$name=$found")
}
add_tool osu OSU "${OSU:-}" osu_allreduce
add_tool imb IMB "${IMB:-}" IMB-MPI1
add_tool nccl NCCL_TESTS "${NCCL_TESTS:-}" all_reduce_perf all_reduce_perf_mpi
if [ ${#tools[@]} -eq 0 ]; then
    echo 'peers: nothing to compare with; give OSU=, IMB= or NCCL_TESTS=, each a program or its folder' >&2
    exit 2
fi

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
SIZES=${SIZES:-8,1K,64K,1M,4M} RANKS=${RANKS:-2} LAUNCHES=${LAUNCHES:-8} SECONDS_EACH=${SECONDS_EACH:-0.65} CACHES=${CACHES:-warm cold} \
    SEED=${SEED:-} MPIRUN=$mpirun MPIRUN_FLAGS=${MPIRUN_FLAGS:-} \
    python3 tests/benchmark/peers.py "$build" "$work" "${tools[@]}"
