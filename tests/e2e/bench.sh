#!/usr/bin/env bash
# scripts/bench on the emulated device: sizes up to the memory of the GPUs; time and cost are printed before anything is measured. On a
# machine without a GPU: fixed sizes and a fixed time.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
. tests/fakes/emulated_gpu.sh

before() { # NAME FIRST THEN: a line with FIRST comes before the first line with THEN
    if awk -v a="$2" -v b="$3" 'index($0, a) { seen = 1 } index($0, b) { both = seen; exit } END { exit !both }' "$work/err"; then ok "$1"; else not_ok "$1"; cat "$work/err"; fi
}
# bench [VARIABLE=value…]
bench() { timeout 200 env BUILD="$build" RESULTS="$work/results" MPIRUN="$mpirun" GNUPLOT=/nonexistent "$@" scripts/bench; }
cases() { # RUN EXPRESSION over the case rows c
    python3 - "$work/results/$1" "$2" <<'END'
import glob, json, sys
c = [r for f in glob.glob(sys.argv[1] + "/*.jsonl") for r in map(json.loads, open(f)) if r["record"] == "case"]
if not c or not eval(sys.argv[2]):
    sys.exit("does not hold: " + sys.argv[2] + "\n" + "\n".join(sorted({str((r.get("collective"), r.get("bytes"), r.get("dtype"), r["status"])) for r in c})))
END
}

# ---- a CPU: planned only ----

printf '%s slots=2\n' "$(uname -n)" >"$work/cpu"
expect_status 'a host without a GPU' 0 bench HOSTFILE="$work/cpu" SWEEP_ARGS=--dry-run
equal 'is measured for three and a half minutes' "$(sed -n 's/^# 12 launches on 1 host,.*the budget ends it after //p' "$work/out")" '3 min 30 s'
equal 'up to 16 MiB' "$(grep -c -e '-b 8 -e 16777216 -f 4' "$work/out")" 6
if [ -x "$build/all_reduce" ]; then
    check 'a short measurement of it' bench HOSTFILE="$work/cpu" RUN=cpu DRIVERS=all_reduce LAUNCHES=1 TIME_BUDGET=2s
    before 'the time is told first' 'sweep: at most about 2 s' '[1/1]'
fi

# ---- GPUs ----

needs_gpu_parts 'make bench on GPUs'
fake=$(realpath "$build/fakegpu")
trap 'ended=$?; rm -rf "$work"; rm -f "/dev/shm/fakegpu-$$-"*; [ $failures -eq 0 ] || exit 1; exit $ended' EXIT
printf '%s slots=2 gpus=2\n' "$(uname -n)" >"$work/hosts"
# bench leaves 256 MiB free, and a tenth of the rest; 72 MB remain. All-reduce needs two buffers: 32 MiB fit, 64 MiB do not.
memory=$((268435456 + 80000000))
emulated_bench() {
    bench LD_LIBRARY_PATH="$fake${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" FAKEGPU_TAG=$$ FAKEGPU_MEMORY=$memory HOSTFILE="$work/hosts" "$@"
}
# The emulated device checks every element on the host's CPU: on a busy machine that takes minutes.
short='--deadline 10m --driver-arg --passes=1 --driver-arg -n2 --driver-arg -w1 --shapes 64 --sustain 0.1 --matmul-arg -n2 --no-preflight'
check 'GPUs' emulated_bench RUN=gpus LAUNCHES=1 USD_PER_GPU_HOUR=3 SWEEP_ARGS="$short"
before 'the largest size is told first' 'sweep: sizes up to 32MiB, which fit into the memory of every GPU' '[1/2]'
# 8 B to 32 MiB are 23 sizes, of two collectives in two modes 92 cases of 0.25 s, and 10 s to start: 33 s. matmul: 10 s, and three types
# of a burst of 1 s and 0.1 s: 13.3 s. Together 46 s; of two GPUs at 3 USD an hour 0.08 USD.
before 'so are time and money' 'sweep: at most about 46 s, 0.08 USD' '[1/2]'
check 'all sizes are measured, none is too large' cases gpus '{(r["collective"], r["bytes"]) for r in c if "collective" in r} == {(k, 8 << i) for i in range(23) for k in ("all_reduce", "all_gather")} and {r["status"] for r in c} == {"ok"}'
check 'matmul in three types' cases gpus '{r["dtype"] for r in c if r.get("gemm")} == {"bfloat16", "fp8_e4m3", "nvfp4"}'
check 'buffers are warm, operands are cold' cases gpus '{("collective" in r, r["cache"]) for r in c} == {(True, "warm"), (False, "cold")}'
check 'by an instance, the price is that of the catalogue' emulated_bench RUN=instance LAUNCHES=1 INSTANCE=p5.48xlarge DRIVERS=all_reduce SWEEP_ARGS="$short -e 8"
# One size in two modes: 10.5 s, shown as 10. The host file's two GPUs are paid for.
before 'is told first' "sweep: at most about 10 s, $(awk -F '\t' '$2 == "p5.48xlarge" { printf "%.2f USD", 2 * $9 * 10 / 3600 }' results/clouds.tsv)" '[1/1]'
check 'without a price' emulated_bench RUN=free LAUNCHES=1 DRIVERS=all_reduce SWEEP_ARGS="$short -e 8"
before 'it is said how to give one' 'the price is not known: --usd-per-gpu-hour, or --instance' '[1/1]'
lacks 'and no money is told' USD "$work/err"
check 'a size that does not fit is no failure' emulated_bench RUN=large LAUNCHES=1 DRIVERS=all_reduce SWEEP_ARGS="$short --sizes 8,32M,64M"
check 'it is left out, the others are measured' cases large '{(r["bytes"], r["status"]) for r in c} == {(8, "ok"), (32 << 20, "ok"), (64 << 20, "too_large")}'

# The scheduler does not report GPUs, and the head node has none: the ranks report theirs.
printf '%s slots=2\n' "$(uname -n)" >"$work/operator"
check 'hosts of which nobody tells whether they have GPUs' emulated_bench HOSTFILE= OMPI_MCA_orte_default_hostfile="$work/operator" RUN=asked LAUNCHES=1 \
    DRIVERS=all_reduce USD_PER_GPU_HOUR=3600 SWEEP_ARGS="$short"
# 23 sizes in two modes: 11.5 s, and 10 s to start; two GPUs at one USD a second.
before 'are asked, and counted' 'sweep: at most about 21 s, 42.00 USD' '[1/1]'
if grep -q 'map-by ppr:' "$work"/results/asked/*.log; then # Open MPI binds by default
    check 'their ranks are not bound to cores' grep -q -e '--bind-to none' "$work"/results/asked/*.log
fi
check 'and measured as GPUs' cases asked 'max(r["bytes"] for r in c) == 32 << 20 and {r["memory"] for r in c} == {"device"}'
# One launch per collective: all-gather fits (64 MiB and a rank's part of 32 MiB), all-reduce does not (two buffers of 64 MiB).
memory=$((268435456 + 130000000))
check 'collectives apart' emulated_bench RUN=apart LAUNCHES=1 DRIVERS=all_gather,all_reduce SWEEP_ARGS="$short --apart"
before 'are measured as far as the one that needs more goes' 'sweep: sizes up to 32MiB, which fit' '[1/2]'
memory=268435456
expect_status 'GPUs without any free memory' 5 emulated_bench RUN=none
says 'end in one line' 'not even the smallest size fits into the memory of every GPU'
