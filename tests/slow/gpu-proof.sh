#!/usr/bin/env bash
# A dry run, on the emulated device, of the script that tests busbar on a machine with GPUs.
. "$(dirname "$0")/../lib.sh"
. tests/fakes/emulated_gpu.sh
needs_gpu_parts 'gpu-proof'
check 'gpu-proof on the emulated device' env BUILD="$build" scripts/gpu-proof --emulated --output "$work/proof"
check 'shows all steps' sh -c "[ \$(grep -c '^ok - ' '$work/proof/summary.txt') -ge 11 ]"
check 'leaves what belongs into results/reference: records without this host, kernels, summary' sh -c "cat '$work'/proof/reference/proof/*.jsonl | grep -q gpu-host && ! grep -rq '\"$(uname -n)\"\|GPU-[0-9a-f]\{8\}-' '$work/proof/reference' && [ -s '$work/proof/reference/proof/kernels.tsv' ] && [ -s '$work/proof/reference/proof/summary.txt' ]"
check 'writes its figures as JSON: steps, kernels beside the copy, cases of NCCL and matmul' python3 -c 'import json, sys
f = json.load(open(sys.argv[1]))
kernels, cases = {k["kernel"] for k in f["kernels"]}, [c for l in f["launches"] for c in l["cases"]]
assert kernels == {"copy", "fill", "check"} and len(f["steps"]) > 11 and f["torch"] is None
assert all(l["provenance"] == ["emulated"] for l in f["launches"]) and {l["driver"] for l in f["launches"]} == {"all_reduce", "matmul"}
assert any("tflops" in c for c in cases) and any("busbw_gbps" in c for c in cases)' "$work/proof/reference/proof/figures.json"
check 'leaves records, which say emulated' sh -c "cat '$work'/proof/records/*/*.jsonl | grep -q '\"provenance\":\[\"emulated\"\]'"
printf 'busbar\t%s\ta\ntorch\t%s\tb\n' 100 99 >"$work/even"
printf 'busbar\t%s\ta\ntorch\t%s\tb\n' 110 100 >"$work/slow"
check 'its comparison with torch passes an even pair' python3 tests/gpu/torch_matmul.py --compare "$work/even"
expect_status 'and fails a slow one' 1 python3 tests/gpu/torch_matmul.py --compare "$work/slow"
expect_status 'an unknown argument' 2 scripts/gpu-proof --fast
expect_status 'no time' 1 env BUILD="$build" scripts/gpu-proof --emulated --limit 1 --output "$work/late"
says 'is not ok' '(no time left of 1 s)'
expect_status 'a limit that is none' 2 scripts/gpu-proof --limit soon
expect_status 'a step that fails' 1 env BUILD="$build" FAKEGPU_FAULT='fail:call=cudaGetDeviceCount' scripts/gpu-proof --emulated --output "$work/failed"
if command -v nvidia-smi >/dev/null; then
    skip 'no GPU' 'there is one'
else
    expect_status 'no GPU' 5 scripts/gpu-proof --output "$work/none"
fi
