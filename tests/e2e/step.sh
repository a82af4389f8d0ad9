#!/usr/bin/env bash
# The step driver: a step whose times are known by construction, 1 to 8 ranks, records, faults, faulty tables; the emulated device.
. "$(dirname "$0")/../lib.sh"
small=(--backend mpi --blas openblas --cache warm --output "$work/r" --workloads "$work/w.tsv")
if ! "$build/matmul" --blas openblas --shapes 16 --output none --phase burst -n 1 >/dev/null 2>&1; then
    skip 'steps with OpenBLAS' 'OpenBLAS is not here: the fastest library that is here is used'
    small=("${small[@]:0:2}" "${small[@]:4}")
fi
header=$'workload\tpart\tgroup\tdtype\tshape\tbytes\tcount\tloop\toverlap\tflops\ttokens\tnote'
# sleeps: with every part asleep for d, a step is 3 d in its order: a collective, both at once, a matmul.
cat >"$work/w.tsv" <<TSV
$header
sleeps	all_reduce				1K	1				16	a
sleeps	all_gather				1K	1		both			b
sleeps	matmul		float	16x16x16		1		both			c
sleeps	matmul		float	16x16x16		1					d
axes	all_reduce	tensor:2			1K	2	layer:3				e
axes	matmul		float	16x8x16		1	layer:3				f
axes	reduce_scatter	data+expert			4K	1	layer:3	both			g
axes	matmul		float	8x8x16		2	layer:3	both			h
axes	sendrecv	pipeline:2			1K	1					i
axes	alltoallv:1.5	expert			4K	1				8	j
flops	matmul		float						1e6		k
TSV

# Times known by construction: each part sleeps 0.3 s on rank 1, and the rest takes microseconds. The limits leave room for a busy machine.
slept() { # PROGRESS
    # shellcheck disable=SC2046
    check "a step that sleeps, $1" ranks 2 "$build/step" "${small[@]}" $(named "slept-$1") --workload sleeps --progress-by "$1" -n 3 --fault delay:rank=1,us=300000
}
slept thread
recorded 'takes 3 sleeps, its matmuls 2: a third is exposed' slept-thread \
    'len(c) >= 1 and 900e3 < s["median_us"] < 1140e3 and 600e3 < p["computation_us"] < 780e3 and abs(p["exposed_share"] - 1 / 3) < 0.1'
recorded 'as computed from its parts' slept-thread \
    'abs(p["error_percent"]) < 15 and 900e3 < p["computed_us"] < 1140e3 and [x.get("overlap") for x in p["parts"]] == [None] * 3 + ["both"]
     and 300e3 < p["parts"][3]["time_us"] < 450e3 and [x.get("calls") for x in p["parts"]] == [1, 1, 2, 1]'
recorded 'says so' slept-thread \
    'h["provenance"] == ["measured", "faulted"] and h["driver"] == "step" and s["collective"] == "step" and s["workload"].startswith("sleeps@") and s["progress"] == "thread"
     and s["wrong"] == 0 and all(x["wrong"] == 0 for x in p["parts"] if "part" in x) and e["status"] == "complete"
     and sum(len(x["samples_us"]) for x in c) == 3'
slept none
recorded 'nothing hides where one side follows the other: 4 sleeps' slept-none 's["median_us"] > 1200e3 and abs(p["exposed_share"] - 1 / 2) < 0.1'
slept nonblocking
recorded 'non-blocking collectives hide' slept-nonblocking '900e3 < s["median_us"] < 1140e3'

# ---- groups, and ranks from 1 to 8 ----
for n in 1 3; do
    # shellcheck disable=SC2046
    check "$n ranks" ranks $n "$build/step" "${small[@]}" $(named "n$n") --workload sleeps -n 2
done
recorded 'in a group of one rank nothing is sent' n1 '[x["part"] for x in p["parts"]] == ["matmul"] and p["parts"][0]["calls"] == 2 and p["exposed_share"] < 0.9'
recorded '3 ranks' n3 '[(x["part"], x["ranks"], x["wrong"]) for x in p["parts"][:2]] == [("all_reduce", 3, 0), ("all_gather", 3, 0)]'
# shellcheck disable=SC2046
check '8 ranks along four axes' ranks 8 "$build/step" "${small[@]}" $(named axes) --workload axes --expert 2 -n 2 --progress-by nonblocking
recorded 'each group has its ranks, in order, in loops' axes \
    'p["axes"] == {"tensor": 2, "expert": 2, "data": 1, "pipeline": 2} and s["wrong"] == 0
     and [(x["part"], x.get("group"), x.get("ranks"), x["calls"]) for x in p["parts"] if "part" in x]
         == [("all_reduce", "tensor", 2, 6), ("reduce_scatter", "expert+data", 2, 3), ("sendrecv", "pipeline", 2, 1), ("alltoallv:1.5", "expert", 2, 1),
             ("matmul", None, None, 3), ("matmul", None, None, 6)] and p["parts"][-1]["calls"] == 3'
expect_status 'ranks that do not divide' 2 ranks 3 "$build/step" "${small[@]}" --output none --workload axes
says 'are told' '3 ranks cannot be divided into tensor 2 x expert 1 x pipeline 2'

# ---- faults and refusals ----
# shellcheck disable=SC2046
expect_status 'a wrong element is caught' 3 ranks 2 "$build/step" "${small[@]}" $(named wrong) --workload sleeps -n 1 --fault wrong:rank=1
recorded 'and told' wrong 's["status"] == "wrong" and s["wrong"] > 0 and "rank 1" in s["error"] and not s.get("samples_us")'
# shellcheck disable=SC2046
expect_status 'a rank that hangs ends the launch' 4 ranks 2 "$build/step" "${small[@]}" $(named hangs) --workload sleeps --fault hang:rank=1,call=9 --timeout 5
says 'and is named' 'rank 1'
recorded 'its record ends as failed' hangs 'e["status"] == "failed"'
expect_status 'a matmul without a shape' 5 "$build/step" "${small[@]}" --output none --workload flops
says 'is named by file, line and column' 'w.tsv:12: shape: empty'
check 'unless one is given' "$build/step" "${small[@]}" --output none --workload flops --shape 50x50x20 -n 1
check 'which it then makes ten times' grep -qE '^matmul 50x50x20 +float +10 ' "$work/out"
expect_status 'a step that takes too long' 5 ranks 2 "$build/step" "${small[@]}" --output none --workload sleeps --max-seconds 0.1 --fault delay:rank=0,us=100000
says 'is refused' 'longer than --max-seconds'
# A million all-reduces of 1 MiB take longer than 5 s on any machine. The matmul beside them does not.
printf '%s\nlong\tall_reduce\t\t\t\t1M\t1000000\t\tboth\nlong\tmatmul\t\tfloat\t16x16x16\t\t1\t\tboth\n' "$header" >"$work/long.tsv"
RANKS_TIMEOUT=60 expect_status 'an overlap that takes too long' 5 ranks 2 "$build/step" "${small[@]}" --output none --workloads "$work/long.tsv" --workload long --max-seconds 5
says 'is refused before it runs' 'longer than --max-seconds'
expect_status 'an unknown workload' 2 "$build/step" "${small[@]}" --output none --workload sleep
says 'and those that there are' 'which has: sleeps, axes, flops'
printf '%s\nbad\tall_reduce\ttensor\tfloat\t\t1K\t1\tl\n' "$header" >"$work/bad.tsv"
expect_status 'a faulty table' 5 "$build/step" --backend mpi --output none --workloads "$work/bad.tsv" --workload bad
says 'is named by file, line and column' "bad.tsv:2: loop 'l'"
for wrong in '--workload sleeps --tensor x' '--workload sleeps -d flaot' '--workload sleeps --fault delay:rank=7' ''; do
    # shellcheck disable=SC2086
    expect_status "refused: $wrong" 2 "$build/step" "${small[@]}" --output none $wrong
done

# ---- after the measurement ----
check 'busbar show' "$build/busbar" show "$work/r/n3"
says 'lists the step' 'sleeps@'
says 'with its figures' 'error '
check 'as JSON' "$build/busbar" show --format json "$work/r/slept-thread"
check 'too' python3 -c 'import json, sys; x, = json.load(open(sys.argv[1]))[0]["cases"]; assert x["workload"].startswith("sleeps@") and 0.2 < x["exposed_share"]["value"] < 0.45 and x["progress"] == "thread"' "$work/out"
check 'as CSV' "$build/busbar" show --format csv "$work/r/slept-thread"
check 'without a rate, and without the unit of one' python3 -c 'import csv, sys; x, = csv.DictReader(open(sys.argv[1])); assert x["collective"] == "step" and float(x["time_us"]) > 0 and x["rate"] == x["rate_unit"] == "", x' "$work/out"
# As if they were measured: busbar report shows no faulted run as a measurement.
slept='if x["record"] == "launch": x["provenance"] = ["measured"]
if "samples_us" in x: x["samples_us"] = [us * (1 + i / 1000) * SLOWER for us in x["samples_us"]]'
for run in base:1 new:1.3; do six_launches "$work/r/slept-thread/slept-thread.jsonl" "$work/${run%:*}" "${run%:*}" "${slept/SLOWER/${run#*:}}"; done
mkdir "$work/caches"
cp "$work/base/1.jsonl" "$work/caches"
sed 's/"cache": *"warm"/"cache":"cold"/; s,/warm/,/cold/,; s/"launch": *"1"/"launch":"2"/; s/\["measured"\]/["simulated"]/' "$work/base/1.jsonl" >"$work/caches/2.jsonl"
check 'steps of two caches' "$build/busbar" show --wide "$work/caches"
says 'are told apart: warm' '2 ranks on 1 node, progress thread, cache warm'
says 'and cold' '2 ranks on 1 node, progress thread, cache cold'
check 'a report of a simulated step' "$build/busbar" report --format markdown --local --workloads "$work/w.tsv" --workload sleeps "$work/caches/2.jsonl"
says 'says so in its answer' 'measured on base (simulated)'
check 'busbar report' "$build/busbar" report --format markdown --local --workloads "$work/w.tsv" --workload sleeps "$work/base"
says 'puts the measured step first' 'a step of sleeps: measured on base'
says 'beside what its parts predict' 'computed from its parts'
python3 - "$work/base" "$work/priced" <<'PY'
import json, os, sys
os.makedirs(sys.argv[2])
for name in os.listdir(sys.argv[1]):
    header, *rest = open(f"{sys.argv[1]}/{name}")
    header = json.dumps({**json.loads(header), "cloud": {"instance": "p5.48xlarge"}}) + "\n"
    open(f"{sys.argv[2]}/{name}", "w").writelines([header, *rest])
PY
check 'busbar report with a price' "$build/busbar" report --format json --workloads "$work/w.tsv" --workload sleeps --price p5.48xlarge=3 "$work/priced"
check 'says what a million tokens cost' python3 - "$work/out" <<'PY'
import json, re, sys
rows = {r["unit"]: r["value"] for r in json.load(open(sys.argv[1]))["figures"] if r["figure"].endswith(", measured")}
expected = rows["s"] * 3 / 3600 / 16 * 1e6 # 16 tokens a rank, US$ 3 an hour
assert abs(rows["US$ per million tokens"] / expected - 1) < 1e-4, (rows, expected)
answer = open(sys.argv[1]).read().split("a step of sleeps: measured on ")[1] # with the price's kind and age beside it
assert re.match(r"[^;]* s with 2 ranks on 1 node, progress thread, cache warm[^;]*; US\$ per million tokens [0-9.]+, at US\$ 3.00 per GPU-hour \(yours, [0-9]{4}-[0-9-]+, [0-9]+ days? old\)\. ", answer), answer[:400]
PY
if command -v gnuplot >/dev/null; then
    check 'busbar plot' "$build/busbar" plot --output "$work/plots" "$work/base"
    check 'draws the step beside its parts' test "$(grep -cE '[0-9], [0-9]+ % exposed$|computed [0-9.]+ \([+-][0-9]+ %\)$' "$work/plots/step-sleeps.tsv")" -eq 2
    check 'as a picture' test -s "$work/plots/step-sleeps.png"
    mkdir "$work/two"
    cp "$work/base/1.jsonl" "$work/two"
    sed 's/"backend": *"mpi"/"backend":"other"/; s/"launch": *"1"/"launch":"2"/' "$work/base/1.jsonl" >"$work/two/2.jsonl"
    check 'busbar plot of two backends' "$build/busbar" plot --output "$work/plots2" "$work/two"
    check 'tells their steps apart' grep -qw other "$work/plots2/step-sleeps.tsv"
else
    skip 'busbar plot' 'gnuplot is missing'
fi
expect_status 'busbar compare finds a slower step' 1 "$build/busbar" compare "$work/base" "$work/new"
says 'and names it' 'sleeps@'
printf 'step workload=sleeps@* delta=50%%\n' >"$work/gate"
expect_status 'a rule of a gate file names the workload' 0 "$build/busbar" compare --gate "$work/gate" "$work/base" "$work/new"

# ---- the emulated GPU ----
. tests/fakes/emulated_gpu.sh
needs_gpu_parts 'steps on GPUs'
driver=step flags=(--backend nccl --cache warm --workloads "$work/w.tsv" -n 2)
check 'two emulated GPUs' emulated 2 -- --workload sleeps --cta 4-8
check 'verified, on streams' rows 'c[0]["wrong"] == 0 and c[0]["progress"] == "streams" and c[0]["memory"] == "device" and c[0]["cta"] == "4-8" and h["provenance"] == ["emulated"]'
check 'eight emulated GPUs along four axes' emulated 8 -- --workload axes --expert 2
check 'verified in their groups' rows 'c[-1]["wrong"] == 0 and c[-1]["step"]["axes"] == {"tensor": 2, "expert": 2, "data": 1, "pipeline": 2}'
check 'sleeping parts on emulated GPUs' emulated 2 -- --workload sleeps --fault delay:rank=0,us=300000
check 'hide behind each other' rows '900e3 < c[-1]["median_us"] < 1170e3'
