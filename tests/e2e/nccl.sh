#!/usr/bin/env bash
# The nccl backend: its plug-in against the real libraries as far as a machine without a GPU goes, and end to end on the
# emulated device (tests/fakegpu): every collective, type and operation verified; errors end in their status and message.
. "$(dirname "$0")/../lib.sh"

if [ ! -e "$build/busbar_nccl.so" ] || [ ! -e "$build/fakegpu/libnccl.so.2" ]; then
    skip 'the nccl backend' 'the plug-in is not built here (no CUDA or NCCL headers)'
    exit 0
fi
fake=$PWD/$build/fakegpu
# A plug-in holds copies of the program's tables, which the program's own replace when it is loaded.
case $build in *sanitize*) export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0:detect_odr_violation=0" ;; esac

# emulated RANKS [VARIABLE=value…] -- ARGUMENTS…: a driver on the emulated device, records in $work/records
emulated() {
    local n=$1 vars=()
    shift
    while [ "$1" != -- ]; do vars+=("$1"); shift; done
    shift
    rm -rf "$work/records"
    ranks "$n" env LD_LIBRARY_PATH="$fake${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "${vars[@]}" "$build/all_reduce" --backend nccl \
        --passes 1 -n 3 -w 2 --cache warm --output "$work/records" --run r --launch l "$@"
}

# rows EXPRESSION: a Python expression over header h and case rows c must hold for the record just written
rows() {
    python3 - "$work/records/r/l.jsonl" "$1" <<'E2'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
h, c = lines[0], [line for line in lines if line["record"] == "case"]
if not eval(sys.argv[2]):
    sys.exit("does not hold: " + sys.argv[2] + "\n" + json.dumps(h["facts"].get("nccl")) + "\n" + "\n".join(
        json.dumps({k: v for k, v in row.items() if k != "samples_us"}) for row in c[:3]))
E2
}

# tells NAME REGEX: a line that the last command left on stderr matches
tells() {
    if grep -qE -- "$2" "$work/err"; then ok "$1"; return; fi
    not_ok "$1 (no line matches '$2')"
    tail -n 20 "$work/err" | sed 's/^/    /'
}
one_line() {
    if [ "$(wc -l <"$work/err")" = 1 ]; then ok "$1"; else not_ok "$1"; sed 's/^/    /' "$work/err"; fi
}

# ---- the real libraries ----

check 'the plug-in links the real libraries' sh -c "ldd '$build/busbar_nccl.so' | grep -E 'libnccl.so.2 =>' && ldd '$build/busbar_nccl.so' | grep -E 'libcudart.so.1[23] =>'"
expect_status 'the drivers themselves link none of them' 1 sh -c "ldd '$build/all_reduce' '$build/matmul' | grep -E 'cuda|nccl|cublas|nvidia'"
mkdir -p "$work/alone"
cp "$build/all_reduce" "$work/alone"
check 'a driver without plug-ins starts' "$work/alone/all_reduce" --help
check 'and measures with MPI' "$work/alone/all_reduce" --backend mpi -b 8 -e 8 -n 2 --passes 1 --output none
expect_status 'without the plug-in, --backend nccl says what is missing' 5 "$work/alone/all_reduce" --backend nccl -b 8 -e 8 --output none
tells 'by name' 'the nccl backend cannot be had: '
one_line 'in one line'
if [ -e /dev/nvidia0 ] || [ -e /dev/nvidiactl ]; then
    skip 'CUDA without a GPU' 'this machine has a GPU'
else
    expect_status 'CUDA without a GPU: --backend nccl ends with status 5' 5 "$build/all_reduce" --backend nccl -b 8 -e 8 --output none
    tells 'after a clear line' 'no CUDA device can be used: '
    one_line 'and no other'
    check 'CUDA without a GPU: auto measures with MPI' "$build/all_reduce" --backend auto -b 8 -e 8 -n 2 --passes 1 --output none
    tells 'and says so' 'backend mpi on host memory \(nccl: '
fi

# ---- device code, on the emulated device ----

kernels() { LD_LIBRARY_PATH="$fake" "$build/gpu_kernels" "$@"; }
check 'fill and check give the golden vectors' kernels golden tests/golden/pattern.tsv
check 'golden vectors are what the script writes' sh -c 'python3 tests/golden/pattern.py | cmp - tests/golden/pattern.tsv'
check 'fill and check agree with their host twins' kernels twins

# ---- every collective, type and operation ----

verified='all(r["status"] == "unsupported" or (r["status"] == "ok" and r["wrong"] == 0) for r in c)'
for n in 1 2 8; do
    check "$n ranks: two types, all operations and collectives" emulated $n -- --collectives all -d half,int32 -o all --sizes 3000
    check "$n ranks: all are verified" rows "$verified and sum(r['status'] == 'ok' for r in c) == 90"
done
check '4 ranks: all types, operations and collectives' emulated 4 -- --collectives all -d all -o all --sizes 4K
check '4 ranks: all are verified' rows "$verified and sum(r['status'] == 'ok' for r in c) == 12 * 45 and {r['dtype'] for r in c if r['status'] == 'unsupported'} >= {'int16', 'uint16'}"
check 'the record says emulated, not measured' rows 'h["provenance"] == ["emulated"] and h["world"]["domains"] == 1 and h["world"]["hosts"][0]["gpus"] == 4'
check 'and what NCCL told' rows 'h["facts"]["nccl"]["version"] == "2.28.9" and h["facts"]["nccl"]["network"] == "Socket" and h["facts"]["nccl"]["nvls"] and "fakegpu" in h["facts"]["nccl"]["libraries"]["libnccl.so.2"] and len(h["facts"]["gpus"]) == 4'
check 'pipelined, graphs, symmetric windows' emulated 2 -- --collectives all_reduce,all_gather,alltoall --mode both -G 3 -R 2 --sizes 64,100K
check 'are verified' rows "$verified and {r['graph'] for r in c} == {3} and {r['registration'] for r in c} == {'symmetric'}"
check 'user buffers, channel limits, rotating buffers' emulated 2 -- -R 1 --cta 4-8 --cache cold --mode both --sizes 64K
check 'are verified too' rows "$verified and {r['cta'] for r in c} == {'4-8'}"
expect_status 'a CTA policy that is none' 2 emulated 2 -- --cta many --sizes 8
check 'a finite queue does not stop held streams' emulated 2 FAKEGPU_QUEUE=8 -- --mode both --sizes 64

# ---- versions ----

old() {
    local n=$1
    shift
    rm -rf "$work/records"
    ranks "$n" env LD_LIBRARY_PATH="$fake/old:$fake${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$build/all_reduce" --backend nccl --passes 1 -n 2 -w 1 \
        --cache warm --output "$work/records" --run r --launch l "$@"
}
check 'NCCL 2.18: all collectives' old 4 --collectives all -d float,fp8_e4m3 --sizes 4K
check 'are verified, fp8 is unsupported' rows "$verified and {r['status'] for r in c if r['dtype'] == 'fp8_e4m3'} == {'unsupported'} and sum(r['status'] == 'ok' for r in c) == 15"
expect_status 'NCCL 2.18 has no windows' 5 old 2 -R 2 --sizes 8
tells 'and the message names the version' 'needs NCCL 2.27, not 2.18'
expect_status 'NCCL 2.17 is too old' 5 emulated 2 FAKEGPU_NCCL=21700 -- --sizes 8
tells 'and the message says so' 'NCCL 2.17 is too old: 2.18 or later'
expect_status 'a driver older than the runtime' 5 emulated 1 FAKEGPU_DRIVER=11040 -- --sizes 8
check 'fp8 reductions before Hopper' emulated 2 FAKEGPU_SM=80 -- --collectives all_reduce,all_gather -d fp8_e4m3 --sizes 64
check 'are unsupported, moving is not' rows '{r["collective"]: r["status"] for r in c} == {"all_reduce": "unsupported", "all_gather": "ok"}'
expect_status 'two ranks on one GPU' 5 emulated 2 FAKEGPU_DEVICES=1 -- --sizes 8
tells 'are named' 'ranks 0 and 1 .* have the same GPU GPU-'
check 'two ranks on one GPU, where NCCL allows it' emulated 2 FAKEGPU_DEVICES=1 FAKEGPU_NCCL=23000 NCCL_MULTI_RANK_GPU_ENABLE=1 -- --sizes 8

# ---- domains ----

check 'an all-zero fabric UUID' emulated 2 FAKEGPU_FABRIC=0 -- --sizes 8
check 'makes no domain: the host is one' rows 'h["world"]["hosts"][0]["domain"] == h["world"]["hosts"][0]["name"]'
check 'a fabric that is not completed' emulated 2 FAKEGPU_FABRIC=7:0:2 -- --sizes 8
check 'makes none either' rows 'h["world"]["hosts"][0]["domain"] == h["world"]["hosts"][0]["name"]'
check 'a completed fabric' emulated 2 FAKEGPU_FABRIC=7:3 -- --sizes 8 --expect-domain 2
check 'is the domain, by cluster and clique' rows 'h["world"]["hosts"][0]["domain"] == "07000000-0000-0000-0000-000000000000.3"'

# ---- MPI on device memory ----

mpi_device() {
    rm -rf "$work/records"
    ranks 2 env LD_LIBRARY_PATH="$fake${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$@" "$build/all_reduce" --backend mpi --memory device --collectives all \
        -d float --sizes 3000 -n 2 -w 1 --passes 1 --output "$work/records" --run r --launch l
}
if ompi_info --parsable 2>/dev/null | grep -q 'mpi_built_with_cuda_support:value:true'; then
    skip 'MPI that is not CUDA-aware' 'this one is'
else
    expect_status 'device memory with an MPI that is not CUDA-aware: status 5' 5 mpi_device
    tells 'in a clear line' 'this MPI library is not CUDA-aware \(MPIX_Query_cuda_support'
fi
check 'device memory with one that is' mpi_device LD_PRELOAD="$fake/cudaaware.so"
check 'is verified' rows "$verified and {r['memory'] for r in c} == {'device'} and h['backend'] == 'mpi' and h['provenance'] == ['emulated']"

# ---- errors: at start-up, in warm-up, in the timed loop, in verification ----
# all_gather calls ncclAllGather once to prepare, twice to warm up, three times to measure, once to verify.

fault() {
    local name=$1 status=$2 text=$3 message=$4
    shift 4
    expect_status "$name: status $status" "$status" emulated 2 FAKEGPU_FAULT="$text" FAKEGPU_DEADLINE=60 -- --collectives all_gather --sizes 8K "$@"
    [ "$message" = . ] || tells "$name: the message" "$message"
}
fault 'no device at start-up' 5 'fail:call=cudaGetDeviceCount' 'no CUDA device can be used: unknown error'
fault 'a device that cannot be had' 5 'fail:call=cudaSetDevice,rank=1' 'cudaSetDevice: unknown error'
fault 'the communicator fails' 5 'fail:call=ncclCommInitRankConfig,rank=-1' 'ncclCommInitRankConfig on rank . .*: unhandled system error'
fault 'a first call fails' 5 'fail:call=ncclAllGather,rank=1' 'all_gather on rank 1 .*: internal error: injected'
fault 'a call fails in warm-up' 5 'fail:call=ncclAllGather,rank=1,after=2' 'all_gather on rank 1 .*: internal error: injected'
fault 'a call fails in the timed loop' 5 'fail:call=ncclAllGather,rank=1,after=4' 'all_gather on rank 1 .*: internal error: injected'
fault 'a call fails in verification' 5 'fail:call=ncclAllGather,rank=1,after=6' 'all_gather on rank 1 .*: internal error: injected'
fault 'the fill kernel fails' 5 'fail:call=busbar_fill,rank=1' 'the fill kernel: '
fault 'the check kernel fails' 5 'fail:call=busbar_check,rank=1' 'the check kernel: '
fault 'the delay kernel fails' 5 'fail:call=busbar_delay,rank=0' 'the delay kernel: '
fault 'an event fails' 5 'fail:call=cudaEventQuery,after=5' 'cudaEventQuery: an illegal memory access'
fault 'the network fails in the timed loop' 5 'async:call=ncclAllGather,rank=1,after=4' 'the communicator on rank 1 .*: remote process exited or there was a network error'
fault 'a graph fails' 5 'fail:call=cudaGraphLaunch,rank=0' 'cudaGraphLaunch: ' -G 2
fault 'registration fails' 5 'fail:call=ncclCommRegister,rank=1' 'ncclCommRegister on rank 1' -R 1
fault 'wrong data at one element' 3 'wrong:call=ncclAllGather,rank=1,after=6,element=77' '.'
check 'the element and the rank are named' rows 'any(r["wrong"] == 1 and r["status"] == "wrong" and "77 on rank 1" in r["error"] for r in c)'
fault 'wrong data before verification does not matter' 0 'wrong:call=ncclAllGather,rank=1,count=5,element=77' '.'
fault 'out of memory' 0 'oom:call=ncclMemAlloc,rank=1,count=1' '.' --placement out_of_place
check 'the case is skipped and named' rows '[r["status"] for r in c] == ["too_large"] and "of buffers for each rank" in c[0]["error"]'
check 'more than the device has' emulated 2 FAKEGPU_MEMORY=600000000 -- --sizes 8,1G
check 'is skipped, the rest measured' rows '{(r["requested_bytes"], r["status"]) for r in c} == {(8, "ok"), (1 << 30, "too_large")}'
fault 'a throttled clock' 0 'throttle:rank=1' '.'
check 'the case says that it was slowed down' rows 'all(r["telemetry"]["slowed"] and r["telemetry"]["sm_mhz"] < 900 and "thermal" in r["telemetry"]["throttle"] and r["telemetry"]["thermal_ms"] > 0 for r in c)'
fault 'an Xid' 0 'xid:rank=0,after=3,count=1' '.'
check 'is in the record' rows 'any(r["telemetry"].get("xid") == 79 for r in c)'
check 'an undisturbed case says nothing of the kind' emulated 2 -- --sizes 8
check 'but its clocks' rows 'all(r["telemetry"]["slowed"] is False and r["telemetry"]["throttle"] == [] and r["telemetry"]["sm_mhz"] == 1980 for r in c)'
rm -f /dev/shm/fakegpu-*

# ---- hangs: ended by the deadline, with whoever has not arrived named ----

fault 'a rank that never arrives at start-up' 4 'absent:call=cudaSetDevice,rank=1' 'no progress for 4 s: rank 1 on .* is alive but behind' -T 4
fault 'ranks that never connect' 4 'absent:call=ncclCommInitRankConfig,rank=1' 'no progress for 4 s: ' -T 4
fault 'a rank that never arrives in warm-up' 4 'absent:call=ncclAllGather,rank=1,after=2' 'no progress for 4 s in all_gather .*: rank 1 on .* is alive but behind' -T 4
fault 'a hang on the device in the timed loop' 4 'hang:call=ncclAllGather,rank=1,after=4' 'no progress for 4 s in all_gather .*: all ranks are alive and inside' -T 4
fault 'a rank that never arrives in verification' 4 'absent:call=ncclAllGather,rank=1,after=6' 'no progress for 4 s in all_gather .*: rank 1 on .* is alive but behind' -T 4
rm -f /dev/shm/fakegpu-*
