#!/usr/bin/env bash
# The cublaslt engine of matmul on the emulated device: every type is correct, wrong results are found, errors have a status and a message.
. "$(dirname "$0")/../lib.sh"

. tests/fakes/emulated_gpu.sh
needs_gpu_parts 'the cublaslt engine'
# tests/slow/sanitize_gpu.sh checks for leaks.
case $build in *sanitize*) export LSAN_OPTIONS=exitcode=0 ;; esac
driver=matmul flags=(--backend cublaslt --phase burst -n 2)

check 'the plug-in links the real library' sh -c "ldd '$build/busbar_cublaslt.so' | grep -E 'libcublasLt.so.1[23] =>'"
if [ -e /dev/nvidia0 ] || [ -e /dev/nvidiactl ]; then
    skip 'CUDA without a GPU' 'this machine has a GPU'
else
    expect_status 'CUDA without a GPU: status 5' 5 "$build/matmul" --backend cublaslt --shapes 64 --output none
    tells 'and a clear line' 'no CUDA device can be used: '
fi

# matmul rounds tf32's operands beforehand: tensor cores drop bits, as the emulated ones do, and for a short k the check has no tolerance.
check 'two ranks, every type' emulated 2 -- --shapes 64x32x96 --max-seconds 60
check 'all are right' rows 'len(c) == 8 and all(r["status"] == "ok" and r["wrong"] == 0 for r in c) and {r["scaling"] for r in c} == {"none", "tensor", "block32_ue8m0", "block16_ue4m3"}'
check 'the record says emulated' rows 'h["provenance"] == ["emulated"] and "fakegpu" in h["facts"]["cublaslt"]["library"]'
check 'of three algorithms the fast one is used, the first is reported' rows 'all("heuristic 2 of 3" in r["algorithm"] and r["first_us"] >= 250e3 and r["median_us"] < 250e3 for r in c)'
check 'clocks stand beside the figures' rows 'all(r["telemetry"]["sm_mhz"] == 1980 and r["telemetry"]["slowed"] is False for r in c)'
check 'the power is that of the moment' rows 'all(r["telemetry"]["power_w"] == 400 == r["telemetry"]["power_w_max"] for r in c)'
check 'a GPU that clocks down while it rests before a burst' emulated 1 FAKEGPU_IDLE_MHZ=345 FAKEGPU_POWER=0 -- --shapes 64 -d half
check 'is told by the clocks of its work; an old driver has the mean power only' rows 'c[0]["telemetry"]["sm_mhz"] > 1000 and c[0]["telemetry"]["power_w"] == 70'
check 'every layout' emulated 1 -- --shapes 48x32x64 -d half --layout NN,TN,NT,TT
check 'is right' rows 'len(c) == 4 and all(r["wrong"] == 0 for r in c)'
check 'fp8 in other layouts, on a B200' emulated 1 -- --shapes 48x32x64 -d fp8_e4m3,nvfp4 --layout NN,TN
check 'is right, fp4 is TN only' rows '{(r["dtype"], r["layout"]): r["status"] for r in c} == {("fp8_e4m3", "NN"): "ok", ("fp8_e4m3", "TN"): "ok", ("nvfp4", "NN"): "unsupported", ("nvfp4", "TN"): "ok"} and all(r["wrong"] == 0 for r in c if r["status"] == "ok")'
check 'Hopper' emulated 1 FAKEGPU_SM=90 -- --shapes 64 -d fp8_e4m3,mxfp8,nvfp4
check 'has no block-scaled types' rows '{r["dtype"]: r["status"] for r in c} == {"fp8_e4m3": "ok", "mxfp8": "unsupported", "nvfp4": "unsupported"}'
check "Hopper's fast accumulation" emulated 1 FAKEGPU_SM=90 -- --shapes 32x32x8192 -d fp8_e4m3,half --accumulator fast
check 'is asked of cuBLASLt, right within the tolerance, and a case of its own' rows '{(r["dtype"], r["accumulator"], "algorithm 101 " in r["algorithm"], "fast accumulation" in r["algorithm"], r["status"], r["wrong"]) for r in c} == {("fp8_e4m3", "fast", True, True, "ok", 0), ("half", "float", False, False, "ok", 0)} and all("/accumulator=" + r["accumulator"] + "/" in r["key"] for r in c)'
expect_status 'fast accumulation on a B200, and nothing else' 5 emulated 1 -- --shapes 64 -d fp8_e4m3 --accumulator fast
check 'is unsupported, not called fast' rows '[(r["status"], "Ada and Hopper" in r["error"]) for r in c] == [("unsupported", True)]'
expect_status 'a wrong result with fast accumulation is caught' 3 emulated 1 FAKEGPU_SM=90 FAKEGPU_FAULT='wrong:call=cublasLtMatmul,element=100' -- --shapes 32x32x8192 -d fp8_e4m3 --accumulator fast
expect_status 'a wrong result is status 3' 3 emulated 2 FAKEGPU_FAULT='wrong:call=cublasLtMatmul,rank=1,element=100' -- --shapes 64 -d bfloat16
check 'and names the rank' rows 'c[0]["status"] == "wrong" and "rank 1" in c[0]["error"]'
expect_status 'a wrong result of the engine'"'"'s own fault' 3 emulated 1 -- --shapes 64 -d fp8_e4m3 --fault wrong:rank=0
expect_status 'no handle: status 5' 5 emulated 1 FAKEGPU_FAULT='fail:call=cublasLtCreate' -- --shapes 64 -d half
tells 'and a message' 'cublasLtCreate: '
expect_status 'heuristics that fail: status 5' 5 emulated 1 FAKEGPU_FAULT='fail:call=cublasLtMatmulAlgoGetHeuristic' -- --shapes 64 -d half
tells 'and the message' 'cublasLtMatmulAlgoGetHeuristic: '
check 'a problem for which nothing is offered' emulated 2 FAKEGPU_FAULT='wrong:call=cublasLtMatmulAlgoGetHeuristic,count=1' -- --shapes 64 -d half,double
check 'is a case that says so; the others are measured' rows 'sorted((r["status"], r.get("error")) for r in c) == [("ok", None), ("unsupported", "the library offers no algorithm for it")]'
check 'sizes that fp4 cannot have' emulated 1 -- --shapes 64x32x48,64x32x96 -d nvfp4,mxfp8,fp8_e4m3
check 'are said, before cuBLASLt is asked' rows '{(r["dtype"], r["k"]): r["status"] for r in c if r["status"] != "ok"} == {("nvfp4", 48): "unsupported", ("mxfp8", 48): "unsupported"} and all("k of 32" in r["error"] for r in c if r["status"] != "ok")'
# Tuning takes at most 1213 calls, whatever its time limit: two algorithms with 202 each, one that fails, the winner and the first twice.
expect_status 'a call that fails in the timed loop: status 5' 5 emulated 1 FAKEGPU_FAULT='fail:call=cublasLtMatmul,after=1300' -- --shapes 32 -d half -n 2000 --max-seconds 60
tells 'and its message' 'cublasLtMatmul: '
expect_status 'a kernel that fails: status 5' 5 emulated 1 FAKEGPU_FAULT='fail:call=busbar_matrix_fill' -- --shapes 64 -d half
tells 'and the kernel' 'the matrix fill kernel: '
check 'a throttled clock' emulated 1 FAKEGPU_FAULT='throttle' -- --shapes 64 -d half
check 'is said' rows 'c[0]["telemetry"]["slowed"] and "thermal" in c[0]["telemetry"]["throttle"]'
check 'a throttled clock on the slowest rank' emulated 2 FAKEGPU_FAULT='throttle:rank=1;slow:call=cublasLtMatmul,rank=1,us=1000000' -- --shapes 64 -d half
check 'stands beside its samples' rows 'c[0]["rank_time_us"]["slowest"]["rank"] == 1 and c[0]["telemetry"]["slowed"] and "thermal" in c[0]["telemetry"]["throttle"]'

# The stream is held until a sample is queued.
check 'multiplications that take 5 ms to launch' emulated 1 FAKEGPU_FAULT='launch:call=cublasLtMatmul,us=5000' -- --shapes 32 -d half -n 3
check 'take less' rows 'len(c) == 1 and 0 < c[0]["median_us"] < 2500 and c[0]["wrong"] == 0'
expect_status 'launches that wait for the device, so that a hold keeps its own opener: nothing is measured' 5 emulated 1 CUDA_LAUNCH_BLOCKING=1 -- --shapes 32 -d half -n 1
tells 'and it is said' 'a multiplication waited for the device that was held for it.*CUDA_LAUNCH_BLOCKING'
check 'without a figure, the result checked all the same' rows '[(r["wrong"], r.get("median_us")) for r in c] == [(0, None)]'
# As fp64 on a GB300: by the device clock a call takes seven seconds.
check 'a call that takes seven seconds' emulated 1 FAKEGPU_FAULT='slow:call=cublasLtMatmul,us=7000000' -- --shapes 32 -d double -n 20
check 'is tried by one algorithm, sampled once' rows '[(r["heuristics"], len(r["samples_us"]), r["batch"], r["warmup"], r["stopped_by"], r["wrong"]) for r in c] == [(1, 1, 1, 1, "time", 0)]'

# ---- hangs: the deadline ends them, and the message names the rank ----

hang() {
    expect_status "$1: status 4" 4 emulated 2 FAKEGPU_DEADLINE=60 FAKEGPU_FAULT="$2" -- --shapes 32 -d half -n 3000 --max-seconds 60 --timeout 4
    tells "$1: the rank that is behind" "no progress for 4 s.*: rank 1 on .* is alive but behind the others"
}
expect_status 'a GPU that does not answer: status 4' 4 emulated 2 FAKEGPU_DEADLINE=60 FAKEGPU_FAULT=absent:call=cudaSetDevice,rank=1 -- --shapes 32 -d half --timeout 4
tells 'names the rank' 'rank 1: its GPU has not answered for 4 s|rank 1 never came'
hang 'a kernel that never ends while algorithms are timed' 'hang:call=cublasLtMatmul,rank=1,after=1'
hang 'a kernel that never ends in the timed loop' 'hang:call=cublasLtMatmul,rank=1,after=1300'
check 'the record ends as failed' sh -c "tail -n 1 '$work/records/r/l.jsonl' | grep '\"record\":\"end\",\"status\":\"failed\"'"
