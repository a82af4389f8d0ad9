#!/usr/bin/env bash
# A dry run, on the emulated device, of the script that tests busbar on a machine with GPUs.
. "$(dirname "$0")/../lib.sh"
. tests/fakes/emulated_gpu.sh
needs_gpu_parts 'gpu-proof'
check 'gpu-proof on the emulated device' env BUILD="$build" scripts/gpu-proof --emulated --output "$work/proof"
check 'shows all steps' sh -c "[ \$(grep -c '^ok - ' '$work/proof/steps.txt') -ge 13 ]"
check 'and skips what this device cannot do' grep -q '^skip - matmul, fp8, fast accumulation # .*fast accumulation is for Ada and Hopper' "$work/proof/steps.txt"
check 'leaves one archive' tar -C "$work" -xzf "$work/proof/proof.tar.gz"
kept=$work/proof/proof
check 'with records and logs without this host, kernels, page and verdict' sh -c "cat '$kept'/*.jsonl | grep -q gpu-host && ! grep -rq '\"$(uname -n)\"[^:]\|GPU-[0-9a-f]\{8\}-' '$kept' && [ -s '$kept/kernels.tsv' ] && [ -s '$kept/logs/kernel-bandwidth.log' ] && [ -s '$kept/verdict.json' ]"
check 'the page is one' awk 'END { exit NR < 10 || NR > 60 }' "$kept/summary.txt"
check 'and says emulated' grep -q 'no figure is a measurement' "$kept/summary.txt"
check 'writes its figures as JSON: steps, kernels beside the copy, cases of NCCL and matmul' python3 -c 'import json, sys
f = json.load(open(sys.argv[1] + "/figures.json"))
kernels, cases = {k["kernel"] for k in f["kernels"]}, [c for l in f["launches"] for c in l["cases"]]
assert kernels == {"copy", "fill", "check"} and len(f["steps"]) > 11 and f["torch"] is None
assert all(l["provenance"] == ["emulated"] for l in f["launches"]) and {l["driver"] for l in f["launches"]} == {"all_reduce", "matmul"}
assert any("tflops" in c for c in cases) and any("busbw_gbps" in c for c in cases)
assert any(c.get("mode") == "nccl-tests" and c.get("algorithm") for c in cases)
claims = json.load(open(sys.argv[1] + "/verdict.json"))["claims"]
assert len(claims) == 4 and {c["verdict"] for c in claims} == {"not_tested"}, claims' "$kept"
check 'leaves records, which say emulated' sh -c "cat '$work'/proof/records/*/*.jsonl | grep -q '\"provenance\":\[\"emulated\"\]'"

# Verdicts from what the steps left: each claim shown, refuted and not reached.
verdicts() { # FOLDER EXPECTED: "claim:verdict …"
    python3 tests/gpu/figures.py "$1" && [ "$(python3 -c 'import json, sys
print(*(c["claim"] + ":" + c["verdict"] for c in json.load(open(sys.argv[1]))["claims"]))' "$1/verdict.json")" = "$2" ]
}
record() { # FILE WRONG
    mkdir -p "${1%/*}"
    printf '%s\n' '{"record":"launch","driver":"all_reduce","backend":"nccl","provenance":["measured"],"world":{"ranks":8},"facts":{}}' \
        '{"record":"case","collective":"all_reduce","dtype":"float","bytes":8,"status":"'"$([ "$2" = 0 ] && echo ok || echo wrong)"'","wrong":'"$2"'}' >"$1"
}
steps() { for tool in memcheck racecheck initcheck synccheck; do echo "ok - compute-sanitizer $tool: kernels"; done; printf 'ok - %s\n' \
    'compute-sanitizer memcheck: one rank, NCCL' 'compute-sanitizer memcheck: one rank, matmul' 'kernels give the golden vectors' \
    'all collectives, types and operations are verified'; }
figure() { printf '# x\nkernel\tdtype\top\tbytes\tgbps\tpercent_of_copy\ncopy\t-\t-\t8\t100\t100\nfill\tfloat\tsum\t8\t99\t%s\n' "$1"; }
mkdir "$work/shown" "$work/refuted" "$work/cut"
steps >"$work/shown/steps.txt"
figure 90.0 >"$work/shown/kernels.tsv"
printf 'busbar\t100\ta\ntorch\t98\tb\n' >"$work/shown/torch.tsv"
record "$work/shown/verified/r/l.jsonl" 0
check 'all claims shown' verdicts "$work/shown" 'kernels_reach_copy:shown nccl_verified:shown bf16_beside_torch:shown sanitizer_clean:shown'
steps | sed 's/^ok - \(.*racecheck.*\)/not ok - \1 (status 9, see x)/' >"$work/refuted/steps.txt"
figure 89.9 >"$work/refuted/kernels.tsv"
printf 'busbar\t100\ta\ntorch\t97.9\tb\n' >"$work/refuted/torch.tsv"
record "$work/refuted/verified/r/l.jsonl" 3
check 'all claims refuted' verdicts "$work/refuted" 'kernels_reach_copy:refuted nccl_verified:refuted bf16_beside_torch:refuted sanitizer_clean:refuted'
steps | sed 's/^ok - \(.*synccheck.*\)/not ok - \1 (no time left of 60 s)/; /golden/d' >"$work/cut/steps.txt"
record "$work/cut/verified/r/l.jsonl" 0
check 'what was not reached is neither' verdicts "$work/cut" 'kernels_reach_copy:not_tested nccl_verified:not_tested bf16_beside_torch:not_tested sanitizer_clean:not_tested'

# A host with a driver and Python packages only: the loader finds no library, a package has them.
mkdir -p "$work/bin" "$work/site/nvidia/cu13/lib"
cp "$build/fakegpu/libnccl.so.2" "$work/site/nvidia/cu13/lib/libcudart.so.13"
printf '#!/bin/sh\necho "	libcudart.so.13 => not found"\n' >"$work/bin/ldd"
printf '#!/bin/sh\necho "GPU 0: stand-in"\n' >"$work/bin/nvidia-smi"
chmod +x "$work/bin/ldd" "$work/bin/nvidia-smi"
wheels() { env PATH="$work/bin:$PATH" BUILD="${BUILD_OF:-$build}" PYTHONPATH="$1" scripts/gpu-proof --no-build --limit 1 --output "$2"; }
expect_status '--no-build' 1 wheels "$work/site" "$work/wheels"
says 'finds the library in the package' "# libcudart.so.13: $work/site/nvidia/cu13/lib"
lacks 'and builds nothing' builds "$work/wheels/steps.txt"
expect_status 'a library that is nowhere' 5 wheels "$work/bin" "$work/nowhere"
says 'is named' 'gpu-proof: libcudart.so.13, which the build needs, is neither installed nor in a Python package'
BUILD_OF=$work/bin expect_status 'a build folder without programs' 5 wheels "$work/site" "$work/unbuilt"
says 'is named, too' 'busbar is missing: copy the build folder'
printf 'busbar\t%s\ta\ntorch\t%s\tb\n' 100 99 >"$work/even"
printf 'busbar\t%s\ta\ntorch\t%s\tb\n' 110 100 >"$work/slow"
check 'its comparison with torch passes an even pair' python3 tests/gpu/torch_matmul.py --compare "$work/even"
expect_status 'and fails a slow one' 1 python3 tests/gpu/torch_matmul.py --compare "$work/slow"
expect_status 'an unknown argument' 2 scripts/gpu-proof --fast
expect_status 'no time' 1 env BUILD="$build" scripts/gpu-proof --emulated --limit 1 --output "$work/late"
says 'is not ok' '(no time left of 1 s)'
check 'and leaves its verdicts' grep -q '"verdict": "not_tested"' "$work/late/verdict.json"
expect_status 'a limit that is none' 2 scripts/gpu-proof --limit soon
expect_status 'a step that fails' 1 env BUILD="$build" FAKEGPU_FAULT='fail:call=cudaGetDeviceCount' scripts/gpu-proof --emulated --output "$work/failed"
if command -v nvidia-smi >/dev/null; then
    skip 'no GPU' 'there is one'
else
    expect_status 'no GPU' 5 scripts/gpu-proof --output "$work/none"
fi
