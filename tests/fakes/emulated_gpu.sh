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

# rows EXPRESSION: checks a Python expression over the header h, its world w, and the case rows c of the last record
rows() {
    python3 - "$work/records/r/l.jsonl" "$1" <<'E2'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
h, w, c = lines[0], lines[0]["world"], [line for line in lines if line["record"] == "case"]
if not eval(sys.argv[2]):
    sys.exit("does not hold: " + sys.argv[2] + "\n" + json.dumps(w)[:1000] + "\n" + json.dumps(h["facts"].get("nccl")) + "\n" + "\n".join(
        json.dumps({k: v for k, v in row.items() if k != "samples_us"}) for row in c[:3]))
E2
}

# tells NAME REGEX: checks that a line on the last command's stderr matches
tells() {
    if grep -qE -- "$2" "$work/err"; then ok "$1"; return; fi
    not_ok "$1 (no line matches '$2')"
    tail -n 20 "$work/err" | sed 's/^/    /'
}
# one_line NAME: checks that the last command's stderr has exactly one line
one_line() {
    if [ "$(wc -l <"$work/err")" = 1 ]; then ok "$1"; else not_ok "$1"; sed 's/^/    /' "$work/err"; fi
}
