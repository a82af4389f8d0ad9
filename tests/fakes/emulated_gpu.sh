# shellcheck shell=bash disable=SC2034
# Sourced by the tests that run a driver on the emulated device, after tests/lib.sh. They set `driver` (all_reduce, matmul) and
# `flags` (an array that every run gets).

# needs_gpu_parts NAME: skips the test and exits if the GPU parts are not built.
needs_gpu_parts() {
    [ -e "$build/busbar_nccl.so" ] && [ -e "$build/busbar_cublaslt.so" ] && [ -e "$build/gpu_kernels" ] && [ -e "$build/fakegpu/libnccl.so.2" ] && return
    skip "$1" 'the GPU parts are not built here (no CUDA, NCCL or cuBLASLt headers)'
    exit 0
}

# emulated RANKS [VARIABLE=value…] -- ARGUMENTS…: runs the driver; the record is $work/records/r/l.jsonl. Removes the shared memory that
# this test left behind, not that of other tests.
emulated() {
    local n=$1 vars=() fake status
    fake=$(realpath "$build/fakegpu")
    shift
    while [ "$1" != -- ]; do vars+=("$1"); shift; done
    shift
    rm -rf "$work/records"
    ranks "$n" env FAKEGPU_TAG=$$ LD_LIBRARY_PATH="${FAKE_FIRST:+$FAKE_FIRST:}$fake${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "${vars[@]}" "${place[@]}" "$build/$driver" \
        "${flags[@]}" --output "$work/records" --run r --launch l "$@"
    status=$?
    rm -f "/dev/shm/fakegpu-$$-"*
    return $status
}
place=() # a command before the driver

# rows EXPRESSION: checks a Python expression over the last record; tests/record.py explains its names.
rows() { python3 tests/record.py "$work/records/r/l.jsonl" "$1"; }
