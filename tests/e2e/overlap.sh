#!/usr/bin/env bash
# The overlap driver: the hidden share where nothing can overlap and where both sides certainly do; records, tables, plots, faults.
. "$(dirname "$0")/../lib.sh"
small=(--backend mpi --blas openblas --shape 16 --cache warm --operations 2 --output "$work/r")
if ! "$build/overlap" --backend mpi --blas openblas --shape 16 --output none --ratio 1 -n 1 >/dev/null 2>&1; then
    skip 'overlap with OpenBLAS' 'OpenBLAS is not here: the fastest library that is here is used'
    small=("${small[@]:0:2}" "${small[@]:4}")
fi

# Every collective while the matmul runs, verified element by element. tests/e2e/collectives.sh tests blocking calls; only this test makes
# non-blocking ones.
# shellcheck disable=SC2046
check 'every collective, non-blocking' ranks 2 "$build/overlap" "${small[@]}" $(named all) --progress-by nonblocking --collectives all --sizes 4K,8 --ratio 1 -n 2
recorded 'is right beside a matmul' all \
    '{x["collective"] for x in c if x["status"] == "ok"} >= {"all_reduce", "all_gather", "reduce_scatter", "broadcast", "reduce", "alltoall", "sendrecv", "gather", "scatter"}
     and sorted({x["bytes"] for x in c}) == [8, 4096] and all(x["wrong"] == 0 and x["gemm_wrong"] == 0 and len(x["both_us"]) == 2 for x in c if x["status"] == "ok")
     and all(x["progress"] == "nonblocking" and "samples_us" not in x and x["status"] in ("ok", "unsupported") for x in c)'
# shellcheck disable=SC2046
check '3 ranks' ranks 3 "$build/overlap" "${small[@]}" $(named n3) --sizes 1K --ratio 0.5,2 -n 8
recorded '3 ranks: two ratios, complete' n3 \
    '[x["ratio"] for x in c] == [0.5, 2] and e["status"] == "complete" and e["cases"] == 2 and all(x["ranks"] == 3 and x["wrong"] == 0 for x in c)'
# Recomputes the figures of a row from its samples.
recorded 'figures are medians over rounds' n3 \
    'all(abs(x["hidden_share"] - median((a + b - t) / min(a, b) for a, b, t in zip(x["communication_us"], x["computation_us"], x["both_us"]))) < 1e-5
         * max(1, median((a + b + t) / min(a, b) for a, b, t in zip(x["communication_us"], x["computation_us"], x["both_us"])))
         and abs(x["communication_slowdown"] / median(s / a for s, a in zip(x["communication_beside_us"], x["communication_us"])) - 1) < 1e-5
         and abs(x["computation_slowdown"] / median(s / a for s, a in zip(x["computation_beside_us"], x["computation_us"])) - 1) < 1e-5
         and abs(x["both_time_us"] / median(x["both_us"]) - 1) < 1e-5 and x.get("hidden_lo", -1e9) <= x["hidden_share"] <= x.get("hidden_hi", 1e9) for x in c)'
recorded 'a row says what ran, and by what' n3 \
    'all(x["operations"] >= 1 and x["matmuls"] >= 1 and x["algorithm"] and (x["m"], x["n"], x["k"]) == (16, 16, 16) and x["stopped_by"] == "fixed" for x in c)
     and h["driver"] == "overlap" and h["backend"] == "mpi" and h["provenance"] == ["measured"] and h["facts"]["blas"]'

# Times known by construction: both sides sleep 0.3 s at their end, and the rest takes microseconds. One after the other they take 0.6 s, at
# the same time 0.3 s. The limits leave 0.12 s for a busy machine; each figure is the median of three rounds.
slept() { # PROGRESS
    # shellcheck disable=SC2046
    check "both sides sleep, $1" ranks 2 "$build/overlap" "${small[@]}" $(named "slept-$1") --progress-by "$1" --sizes 8 --ratio 1 -n 3 \
        --fault delay:rank=1,us=300000
}
slept none
recorded 'nothing is hidden where one side follows the other' slept-none 'len(c) == 1 and abs(c[0]["hidden_share"]) < 0.4 and c[0]["both_time_us"] > 600e3'
slept thread
recorded 'a thread hides the shorter side' slept-thread 'len(c) == 1 and c[0]["hidden_share"] > 0.6 and min(c[0]["communication_time_us"], c[0]["computation_time_us"]) > 300e3'
slept nonblocking
recorded 'and so does a non-blocking collective' slept-nonblocking 'len(c) == 1 and c[0]["hidden_share"] > 0.6'
recorded 'a fault is in the provenance' slept-thread 'h["provenance"] == ["measured", "faulted"]'

# ---- faults ----
# shellcheck disable=SC2046
expect_status 'a wrong element is caught' 3 ranks 2 "$build/overlap" "${small[@]}" $(named wrong) --sizes 1K --ratio 1,2 -n 1 --fault wrong:rank=1
recorded 'and told' wrong '[x["ratio"] for x in c] == [1, 2] and all(x["status"] == "wrong" and x["wrong"] > 0 and x["gemm_wrong"] == 0 and "rank 1" in x["error"] for x in c) and "faulted" in h["provenance"]'
# shellcheck disable=SC2046
expect_status 'a rank that fails ends the launch' 5 ranks 2 "$build/overlap" "${small[@]}" $(named fails) --sizes 8 --ratio 1 --progress-by thread --fault fail:rank=1,call=9
recorded 'its record ends as failed' fails 'e["status"] == "failed"'
# shellcheck disable=SC2046
expect_status 'a rank that hangs ends the launch' 4 ranks 2 "$build/overlap" "${small[@]}" $(named hangs) --sizes 8 --ratio 1 --fault hang:rank=1,call=9 --timeout 5
says 'and is named' 'rank 1'
check 'an all-reduce that is right' ranks 2 "$build/all_reduce" --backend mpi --run mixed --launch right --output "$work/r" --sizes 8 --passes 1 -n 5
cp "$work/r/wrong/wrong.jsonl" "$work/r/mixed"
printf 'all_reduce wrong<=0\n' >"$work/gate"
check 'a contract' "$build/busbar" contract --gate "$work/gate" "$work/r/mixed/right.jsonl"
expect_status 'does not pass beside it' 1 "$build/busbar" contract --gate "$work/gate" "$work/r/mixed"
says 'and says why' 'has wrong data (overlap)'
# shellcheck disable=SC2046
check 'what cannot be measured' ranks 2 "$build/overlap" "${small[@]}" $(named some) --sizes 1,1K --ratio 1 -n 1 -c 0 --format json
check 'is in the records on stdout, too' python3 -c 'import json, sys; assert [json.loads(x)["record"] for x in open(sys.argv[1])] == ["launch", "overlap", "overlap", "end"]' "$work/out"
recorded 'is a row with its reason' some '[(x["status"], x["wrong"]) for x in c] == [("ok", None), ("unsupported", None)] and "one element" in c[1]["error"]'
expect_status 'matrices that do not fit' 5 "$build/overlap" "${small[@]}" --output none --shape 2000000000 --sizes 8
says 'are told' 'the matrices do not fit into free memory'
for wrong in '--ratio 1,x' '--ratio 0' '--collectives all_redcue' '-d flaot' '--gemm-datatype x' '--progress-by streams' '--fault delay:rank=7' '--fault delay:rank' \
    '--sizes x'; do
    # shellcheck disable=SC2086
    expect_status "refused: $wrong" 2 "$build/overlap" --backend mpi --output none $wrong
done
expect_status 'refused: --shape 8x8' 2 "$build/overlap" --backend mpi --output none --shape 8x8
says 'by the name of its flag' "--shape: '8x8' is not one shape"

# ---- show and plot ----
# shellcheck disable=SC2046
check 'a launch with a table' ranks 2 "$build/overlap" "${small[@]}" --run both --launch two --sizes 1K --ratio 0.5,2 -n 8 --progress-by thread
says 'which explains its figures' 'hidden: (Tc + Tm - both) / min(Tc, Tm)'
# Each launch chooses the fastest kernel of the BLAS, and launches with unlike kernels are not combined.
kernel=$(python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).readline())["facts"]["blas"][0].get("kernel", ""))' "$work/r/both/two.jsonl")
check 'the same again, with the same kernel' ranks 2 "$build/overlap" "${small[@]}" ${kernel:+--blas-kernel "$kernel"} --run both --launch one --sizes 1K --ratio 0.5,2 -n 8 --progress-by thread
check 'and the collective alone' ranks 2 "$build/all_reduce" --backend mpi --run both --launch alone --output "$work/r" --sizes 1K --passes 1 -n 5
check 'busbar show' "$build/busbar" show --wide "$work/r/both"
says 'lists it by itself' 'all_reduce 1 KiB float beside matmul 16x16x16 float, 2 ranks on 1 node, progress thread, cache warm'
says 'with an interval over launches' 'interval: min-max of launches'
check 'as JSON' "$build/busbar" show --format json "$work/r/both"
check 'with every figure' python3 - "$work/out" <<'PY'
import json, sys
run, = json.load(open(sys.argv[1]))
assert [x["ratio"] for x in run["overlaps"]] == [0.5, 2] and {x["collective"] for x in run["cases"]} == {"all_reduce"} and len(run["cases"]) == 2
for x in run["overlaps"]:
    assert x["launches"] == 2 and x["hidden_share"]["lo"] <= x["hidden_share"]["value"] <= x["hidden_share"]["hi"] and x["wrong"] == 0
    assert x["communication_slowdown"]["value"] > 0 and x["key"].startswith("overlap/all_reduce/")
PY
check 'as CSV' "$build/busbar" show --format csv "$work/r/both"
check 'by columns' python3 - "$work/out" <<'PY'
import csv, sys
table = list(csv.DictReader(open(sys.argv[1])))
both = [x for x in table if x["collective"] == "all_reduce+matmul"]
assert [x["ratio"] for x in both] == ["0.5", "2"] and len(table) == 4 and all(x["progress"] == "thread" and float(x["time_us"]) > 0 for x in both)
for name in ("communication_us", "computation_us", "hidden_share", "communication_slowdown", "computation_slowdown"):
    assert all(float(x[name + "_lo"]) <= float(x[name]) <= float(x[name + "_hi"]) for x in both), name
assert not any(x["ratio"] for x in table if x["collective"] == "all_reduce")
PY
check 'as Markdown' "$build/busbar" show --format markdown "$work/r/both"
mkdir "$work/r/only" && cp "$work/r/both/two.jsonl" "$work/r/only"
expect_status 'metrics of a run without other cases' 5 "$build/busbar" export --format openmetrics --output "$work/only.prom" "$work/r/only"
says 'say what they leave out' '2 rows of overlap are left out'
check 'and write nothing' test ! -e "$work/only.prom"
six_launches "$work/r/both/two.jsonl" "$work/slow" slow 'if x["record"] == "overlap": x.update(communication_us=[100] * 8, computation_us=[100] * 8, both_us=[250] * 8)'
check 'at once slower than one after the other' "$build/busbar" show "$work/slow"
check 'its negative share is explained' eval 'tr -s " \n" "  " <"$work/out" | grep -F -- "at best -50 % of the shorter side is hidden (below 0: longer than one after the other)"'
six_launches "$work/r/both/two.jsonl" "$work/noise" noise 'if x["record"] == "overlap": x.update(progress="none", communication_us=[100] * 8, computation_us=[100] * 8, both_us=[160] * 8)'
check 'where nothing can overlap' "$build/busbar" show "$work/noise"
check 'no share is the headline' eval '! grep -q "at best" "$work/out"'
# The gate: both sides of 100 us at once take 100 us in the base, 200 us in the new launches: 50 % and 100 % of one after the other.
six_launches "$work/r/both/two.jsonl" "$work/base" base 'if x["record"] == "overlap": x.update(communication_us=[100] * 8, computation_us=[100] * 8, both_us=[100 + i / 10] * 8)'
six_launches "$work/r/both/two.jsonl" "$work/new" new 'if x["record"] == "overlap": x.update(communication_us=[100] * 8, computation_us=[100] * 8, both_us=[200 + i / 5] * 8)'
expect_status 'busbar compare finds that nothing overlaps any more' 1 "$build/busbar" compare "$work/base" "$work/new"
says 'in percent of one after the other' '100.4 %'
expect_status 'not the other way round' 0 "$build/busbar" compare "$work/new" "$work/base"
expect_status 'as JSON' 1 "$build/busbar" compare --format json "$work/base" "$work/new"
check 'with both percentages' python3 - "$work/out" <<'PY'
import json, sys
cases = json.load(open(sys.argv[1]))["cases"]
assert len(cases) == 2 and all(x["key"].startswith("overlap/all_reduce/") and x["verdict"] == "regression" and "time_us" not in x["base"] for x in cases), cases
for x in cases:
    assert abs(x["base"]["both_percent"] - 50.175) < 1e-6 and abs(x["new"]["both_percent"] - 100.35) < 1e-6 and abs(x["ratio"] - 2) < 1e-6, x
PY
# Limits: both sides take 100 us alone, so 1 of the shorter side is hidden in the base, and 0 in the new launches.
limits() { # GATE FLAGS…
    echo "$1" >"$work/limits"
    "$build/busbar" contract --gate "$work/limits" "${@:2}"
}
for rule in 'overlap collective=allreduce ratio=0.5 hidden_share>=0.99 launches>=6 wrong<=0' 'overlap m=16 k=16 progress=thread ranks=2 bytes=1K hidden_share>=0.99' \
    'overlap communication_slowdown<=1e9 computation_slowdown<=1e9' '* wrong<=0'; do
    check "a contract: $rule" limits "$rule" "$work/base"
done
expect_status 'which the new launches break' 1 limits 'overlap ratio=2 hidden_share>=0.99' "$work/new"
says 'and name' 'overlap all_reduce 1 KiB ×2 float, 16x16x16'
says 'with the share' '-0.007000'
check 'in per cent of a reference' limits 'overlap hidden_share>=90%' --reference "$work/base" "$work/base"
expect_status 'which they break, too' 1 limits 'overlap hidden_share>=90%' --reference "$work/base" "$work/new"
for rule in 'overlap ratio=3 hidden_share>=0' 'overlap collective=broadcast hidden_share>=0' 'all_reduce hidden_share>=0'; do
    expect_status "no line is meant by: $rule" 1 limits "$rule" "$work/base"
    says 'and it says so' 'no case measured matches'
done
for rule in 'overlap median_us<=1e9' 'overlap busbw_gbps>=0'; do
    expect_status "overlap has no such figure: $rule" 1 limits "$rule" "$work/base"
    says 'and it says so' 'the cases that match have no such figure'
done
check 'limits of times are for collectives' limits '* median_us<=1e9 wrong<=0' "$work/r/both"
expect_status 'busbar compare checks the same limits' 1 "$build/busbar" compare --gate "$work/limits" "$work/new" "$work/base"
says 'and counts them' 'limit'
for night in 01 02 03 04 05 06 07 08 09 10 11 12; do
    python3 - "$work/base/1.jsonl" "$work/nights/$night" $night <<'PY'
import json, os, sys
source, folder, night = sys.argv[1], sys.argv[2], int(sys.argv[3], 10)
os.makedirs(folder)
with open(folder + "/l.jsonl", "w") as out:
    for x in map(json.loads, open(source)):
        if x["record"] == "launch": x.update(run=f"night{night}", started=f"2026-01-{night:02}T00:00:00Z")
        if x["record"] == "overlap": x.update(both_us=[(100 if night < 9 else 150) * (1 + night % 3 / 1000)] * 8)
        out.write(json.dumps(x) + "\n")
PY
done
expect_status 'busbar history finds the night' 1 "$build/busbar" history --wide "$work/nights"
says 'for both ratios' '2 of 2 cases have become slower'
says 'in per cent of one after the other' '50.05 %'
tells_out() { if grep -qE "$2" "$work/out"; then ok "$1"; else not_ok "$1"; cat "$work/out"; fi; }
# The newest night took 150 of 200 us; the median of the four slow nights, of which the change tells, is 150.075.
tells_out 'since which night' 'overlap.*2026-01-09 +\+49.9 % +50.05 % +75.00 % +regression'
expect_status 'as JSON' 1 "$build/busbar" history --format json "$work/nights"
check 'with percents, not times' python3 -c 'import json, sys; c = json.load(open(sys.argv[1]))["cases"]; assert len(c) == 2 and all(x["key"].startswith("overlap/") and len(x["both_percent"]) == 12 and abs(x["now_percent"] - 75) < 0.2 and "time_us" not in x and "now_us" not in x for x in c), c' "$work/out"
if command -v gnuplot >/dev/null; then
    check 'busbar plot' "$build/busbar" plot --output "$work/plots" "$work/r/both" "$work/r/n3"
    # Between the ranks and the run stands what else differs, as the kernel of the BLAS may. Long labels take
    # two rows of the table, and some of their spaces do not break.
    sed 's/\xc2\xa0/ /g' "$work/plots/overlap-all-reduce.tsv" | tr -s '\n\t' '  ' >"$work/labels"
    for label in 'collective ×2.*both' 'matmul ×2.*both' 'collective ×3.*n3' 'matmul ×3.*n3'; do
        check "draws $label" grep -q -- "$label" "$work/labels"
    done
    check 'as a picture' test -s "$work/plots/overlap-all-reduce.png"
    sed 's/"cache":"warm"/"cache":"cold"/; s/"launch":"two"/"launch":"cold"/' "$work/r/both/two.jsonl" >"$work/r/both/cold.jsonl"
    check 'busbar plot of two caches' "$build/busbar" plot --output "$work/plots2" "$work/r/both"
    check 'tells the curves apart' python3 - "$work/plots2/overlap-all-reduce.tsv" <<'PY'
import sys
text = open(sys.argv[1]).read()
for side in ("collective", "matmul"):
    assert f"{side}, cold cache" in text and f"{side}, warm cache" in text, text
PY
    sed 's/"backend":"mpi"/"backend":"other"/; s/"launch":"two"/"launch":"other"/' "$work/r/both/two.jsonl" >"$work/r/both/other.jsonl"
    check 'busbar plot of two backends' "$build/busbar" plot --output "$work/plots3" "$work/r/both"
    check 'tells them apart, too' grep -q 'backend other' "$work/plots3/overlap-all-reduce.tsv"
else
    skip 'busbar plot' 'gnuplot is missing'
fi
# ---- the emulated GPU: two streams ----
. tests/fakes/emulated_gpu.sh
needs_gpu_parts 'overlap on GPUs'
driver=overlap flags=(--backend nccl --shape 64 --cache warm --operations 2 --ratio 1 -n 2)
check 'two emulated GPUs' emulated 2 -- --sizes 4K --cta 4-8
mkdir "$work/r/gpu" && cp "$work/records/r/l.jsonl" "$work/r/gpu/gpu.jsonl"
recorded 'streams, verified, and marked' gpu \
    'len(c) == 1 and h["provenance"] == ["emulated"] and c[0]["progress"] == "streams" and c[0]["cta"] == "4-8" and c[0]["memory"] == "device"
     and c[0]["wrong"] == 0 and c[0]["gemm_wrong"] == 0 and c[0]["gemm_dtype"] == "bfloat16" and c[0]["layout"] == "TN"'
check 'three policies in one launch' emulated 2 -- --sizes 4K,8K --cta default,2,zero,4-8,2-2,02 -R 2 --collectives all_gather,all_reduce --ratio 1,2
says 'are kept apart in the table' '--cta 4-8'
tells 'one that does not concern a collective is told' '--cta zero: NCCL uses copy engines only for all_gather'
cp "$work/records/r/l.jsonl" "$work/r/gpu/gpu.jsonl"
# all_reduce has no copy engines: with zero it would be default again.
recorded 'each is a case, verified; none is there twice' gpu \
    'sorted({(x["collective"], x["cta"]) for x in c}) == sorted([("all_gather", p) for p in ("default", "2", "zero", "4-8")] + [("all_reduce", p) for p in ("default", "2", "4-8")])
     and len(c) == len({x["key"] for x in c}) == 7 * 4 and e["cases"] == 28 and all(x["status"] == "ok" and x["wrong"] == 0 for x in c)'
check 'show' "$build/busbar" show --wide "$work/records"
says 'has a table for each' 'cta 4-8'
says 'also for the default' 'cta default'
"$build/busbar" plan --drivers overlap --sizes 4K --launches 1 --format tsv | sed '2s/^[^\t]*/l/' >"$work/plan.tsv"
check 'a baseline is measured again' "$build/busbar" plan --read "$work/plan.tsv" --like "$work/records" --format tsv
says 'with all of them' '--cta default,2,zero,4-8'
if command -v gnuplot >/dev/null; then
    check 'a plot' "$build/busbar" plot --output "$work/policies" "$work/records"
    check 'has a curve for each' test "$(grep -o 'cta [^,"]*' "$work/policies/overlap-all-gather.tsv" | sort -u | wc -l)" -eq 4
fi
expect_status 'a policy that this NCCL lacks' 5 emulated 2 FAKEGPU_NCCL=22606 -- --sizes 4K --cta 2,efficiency
cp "$work/records/r/l.jsonl" "$work/r/gpu/gpu.jsonl"
recorded 'ends the launch; what was measured is kept' gpu '[(x["status"], x["cta"]) for x in c] == [("ok", "2")] and e["status"] == "failed"'
expect_status 'a word that is no policy' 2 emulated 2 -- --sizes 4K --cta 2,many
says 'is told before anything runs' "--cta 'many': expected default"
expect_status 'a fault in the second policy is found' 3 emulated 2 -- --sizes 4K --cta 2,4 --fault wrong:rank=1
check 'sleeping sides on emulated GPUs' emulated 2 -- --sizes 8 -n 3 --fault delay:rank=0,us=300000
cp "$work/records/r/l.jsonl" "$work/r/gpu/gpu.jsonl"
recorded 'hide the shorter one' gpu 'c[0]["hidden_share"] > 0.6 and h["provenance"] == ["emulated", "faulted"]'
expect_status 'NCCL has no thread of MPI' 2 emulated 1 -- --progress-by thread --sizes 8
