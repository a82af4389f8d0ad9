#!/usr/bin/env bash
# A sweep becomes a baseline; scripts/check-regression measures the same again and compares.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
if [ ! -x "$build/all_reduce" ]; then
    skip "check-regression" "no MPI driver"
    exit 0
fi
export BUILD=$build RESULTS=$work/results
name=e2e-$$
trap 'ended=$?; rm -rf "$work" "results/baselines/$name"; [ $failures -eq 0 ] || exit 1; exit $ended' EXIT
check "a sweep" timeout 120 scripts/sweep --build "$build" --results "$work/results" --run good --drivers all_reduce --sizes 8,1K \
    --launches 2 --max-seconds 0.02 --mode isolated --ranks-per-node 2
check "becomes a baseline" "$build/busbar" baseline save "$name" "$work/results/good"
check "with its plan" test -s "results/baselines/$name/plan.tsv"
echo '* delta=99% median_us<=1e9' >"$work/lenient.gate"
echo '* busbw_gbps>=1e9' >"$work/hard.gate"
expect_status "measured again; limits that hold" 0 env BASELINE="$name" RUN=again GATE="$work/lenient.gate" JUNIT="$work/verdicts.xml" \
    timeout 120 scripts/check-regression
check "every case of the plan was compared" test "$(grep -c '<testcase classname="busbar.compare"' "$work/verdicts.xml")" -eq 2
expect_status "a run that is finished is not measured again" 2 env BASELINE="$name" RUN=again scripts/check-regression
says "and is named" "$work/results/again is a finished run"
expect_status "a limit that fails is status 1" 1 env NEW="$work/results/again" BASE="$work/results/good" \
    GATE="$work/hard.gate" scripts/check-regression
expect_status "a run that lacks a case is status 1" 1 env BASELINE="$name" RUN=less SWEEP_ARGS="--drivers all_reduce --sizes 8 --launches 2 \
    --max-seconds 0.02 --mode isolated --ranks-per-node 2" timeout 120 scripts/check-regression

# A baseline from the time when cold buffers were the default, and its plan, which therefore does not mention them.
caches() { python3 -c '
import glob, json, sys
rows = [json.loads(line) for f in glob.glob(sys.argv[1] + "/*.jsonl") for line in open(f)]
print(*sorted({r["cache"] for r in rows if r["record"] == "case"}))' "$1"; }
old=$name-old
trap 'ended=$?; rm -rf "$work" "results/baselines/$name" "results/baselines/$old"; [ $failures -eq 0 ] || exit 1; exit $ended' EXIT
plan=(--drivers all_reduce --sizes "8,1K" --launches 2 --max-seconds 0.02 --mode isolated --ranks-per-node 2)
equal "a sweep measures with warm buffers" "$(caches "$work/results/good")" warm
check "a sweep with cold buffers" timeout 120 scripts/sweep --build "$build" --results "$work/results" --run cold "${plan[@]}" --cache cold
equal "is recorded as such" "$(caches "$work/results/cold")" cold
check "becomes a baseline too" "$build/busbar" baseline save "$old" "$work/results/cold"
sed -i 's/ --cache cold//; s/ -d float -o sum//' "results/baselines/$old/plan.tsv"
expect_status "its plan leaves the cache to the default" 1 grep -q -e --cache "results/baselines/$old/plan.tsv"
expect_status "it is measured again and compared case by case" 0 env BASELINE="$old" RUN=again-cold GATE="$work/lenient.gate" JUNIT="$work/verdicts.xml" \
    timeout 120 scripts/check-regression
equal "with cold buffers" "$(caches "$work/results/again-cold")" cold
check "every case of it" test "$(grep -c '<testcase classname="busbar.compare"' "$work/verdicts.xml")" -eq 2
expect_status "also by flags that do not name the cache" 0 env BASELINE="$old" RUN=flags-cold SWEEP_ARGS="${plan[*]}" GATE="$work/lenient.gate" \
    timeout 120 scripts/check-regression
equal "with cold buffers again" "$(caches "$work/results/flags-cold")" cold
expect_status "warm against cold is no comparison" 1 env BASE="results/baselines/$old" NEW="$work/results/good" GATE="$work/lenient.gate" scripts/check-regression

# A run that began at that time and continues now keeps cold buffers.
cp "results/baselines/$old/plan.tsv" "$work/old.tsv"
mkdir "$work/results/begun"
first=$(awk -F '\t' 'NR == 2 { print $1 }' "$work/old.tsv")
python3 - "$work/results/cold/$first.jsonl" "$work/results/begun/$first.jsonl" <<'END'
import json, sys
head, *rest = open(sys.argv[1]).read().splitlines()
header = json.loads(head)
args = " ".join(header["args"]).replace(" --cache cold", "").replace(" -d float -o sum", "")
open(sys.argv[2], "w").write("\n".join([json.dumps({**header, "args": args.split(" ")}), *rest]) + "\n")
END
check "an old run is continued" timeout 120 scripts/sweep --build "$build" --results "$work/results" --run begun --plan "$work/old.tsv"
says "with what it lacks" "1 complete already"
equal "as it was begun" "$(caches "$work/results/begun") $(find "$work/results/begun" -name '*.jsonl' | wc -l)" "cold 2"

# Drivers overlap and step: a sweep within a budget, resumed, as a baseline, measured again. The workload is in a catalog of the test.
mkdir "$work/catalog" && cp results/*.tsv "$work/catalog"
printf '%s\n' $'workload\tpart\tgroup\tdtype\tshape\tbytes\tcount\tloop\toverlap\tflops\ttokens\tnote' \
    $'small\tall_reduce\t\t\t\t1K\t1\t\t\t\t16\ta' $'small\tmatmul\t\tfloat\t16x16x16\t\t1\t\t\t\t\tb' >"$work/catalog/workloads.tsv"
export BUSBAR_CATALOG=$work/catalog
steps=$name-steps
trap 'ended=$?; rm -rf "$work" "results/baselines/$name" "results/baselines/$old" "results/baselines/$steps"; [ $failures -eq 0 ] || exit 1; exit $ended' EXIT
drivers=(--drivers "overlap,step" --workload small --step-arg '-n 5 --threads 1' --overlap-arg '--sizes 4K --ratio 1,2 -n 5 --shape 32 --threads 1'
    --launches 1 --ranks-per-node 2 --no-preflight)
check "overlap and step in a sweep with a budget" timeout 120 scripts/sweep --build "$build" --results "$work/results" --run steps "${drivers[@]}" --time-budget 60s
rm -f "$work"/results/steps/step-*.jsonl
check "which is resumed" timeout 120 scripts/sweep --build "$build" --results "$work/results" --run steps "${drivers[@]}"
says "with what it lacks" "1 complete already"
check "is a baseline" "$build/busbar" baseline save "$steps" "$work/results/steps"
printf '* delta=99%%\noverlap delta=99%%\nstep delta=99%%\n' >"$work/lenient.gate"
expect_status "measured again" 0 env BASELINE="$steps" RUN=again-steps GATE="$work/lenient.gate" JUNIT="$work/verdicts.xml" timeout 120 scripts/check-regression
check "its step and both its overlaps are compared" test "$(grep -cE 'name="(step/.*small@|overlap/all_reduce/float/sum/4096/float/32x32x32/NN/ratio=[12]/)' "$work/verdicts.xml")" -eq 3
expect_status "an overlap that fails" 4 timeout 120 scripts/sweep --build "$build" --results "$work/results" --run hangs --drivers overlap --launches 1 --ranks-per-node 2 \
    --no-preflight --overlap-arg '--sizes 4K --ratio 1 -n 5 --shape 32 --threads 1 --timeout 3 --fault hang:rank=1,call=4'
says "is reported as hung" ": hung: "

# A baseline of a --matrix: the file is given again, and must be the same.
printf '0 100\n300 0\n' >"$work/matrix" && printf '0 100\n100 0\n' >"$work/other"
# label FILE: the FNV-1a hash of the numbers, of eight bytes each.
label() { python3 -c '
import struct, sys
h = 0xcbf29ce484222325
for byte in b"".join(struct.pack("<q", int(word)) for word in open(sys.argv[1]).read().split()): h = (h ^ byte) * 0x100000001b3 % 2**64
print(f"matrix:{h:016x}")' "$1"; }
matrix=$name-matrix
trap 'ended=$?; rm -rf "$work" "results/baselines/$name"*; [ $failures -eq 0 ] || exit 1; exit $ended' EXIT
plan=(--drivers alltoallv --sizes 1K --launches 1 --max-seconds 0.02 --mode isolated --ranks-per-node 2 --no-preflight)
check "a sweep with a matrix" timeout 120 scripts/sweep --build "$build" --results "$work/results" --run matrix "${plan[@]}" --matrix "$work/matrix"
check "becomes a baseline" "$build/busbar" baseline save "$matrix" "$work/results/matrix"
expect_status "without its matrix it is not measured again" 2 env BASELINE="$matrix" RUN=no-matrix scripts/check-regression
says "and the message says what to give" "MATRIX=FILE"
expect_status "with its matrix it is" 0 env BASELINE="$matrix" RUN=same-matrix MATRIX="$work/matrix" GATE="$work/lenient.gate" timeout 120 scripts/check-regression
says "and compared" "imbalance=$(label "$work/matrix")"
expect_status "with another matrix it is not" 1 env BASELINE="$matrix" RUN=other-matrix MATRIX="$work/other" GATE="$work/lenient.gate" timeout 120 scripts/check-regression
says "and the message names both hashes" "--matrix $work/other is $(label "$work/other"), but --imbalance demands $(label "$work/matrix"): give the file of that time"
# What would be ignored is refused.
for knob in MATRIX="$work/matrix" SWEEP_ARGS=--launches=3 RUN=other; do
    expect_status "${knob%%=*} beside a run that exists" 2 env "$knob" BASE="$work/results/good" NEW="$work/results/again" scripts/check-regression
    equal "is refused by one line" "$(cat "$work/err")" \
        "check-regression: ${knob%%=*} says how to measure, but NEW=$work/results/again exists already: without ${knob%%=*}, or without NEW"
done
expect_status "two bases" 2 env BASE="$work/results/good" BASELINE="$name" scripts/check-regression
says "are refused" "BASE and BASELINE both say"
expect_status "a matrix for a baseline without one" 2 env BASELINE="$name" RUN=needless MATRIX="$work/matrix" scripts/check-regression
says "is refused" "no launch of the plan measures alltoallv by a matrix"
check "and leaves no folder" test ! -e "$work/results/needless"
expect_status "a matrix for an all_reduce" 2 scripts/sweep --build "$build" --drivers all_reduce --matrix "$work/matrix" --dry-run
check "a matrix for an alltoallv among others" scripts/sweep --build "$build" --drivers all_reduce --driver-arg=--collectives=all_reduce,all_to_all_v --matrix "$work/matrix" --dry-run
says "is taken" "--collectives=all_reduce,all_to_all_v"
"$build/busbar" plan "${plan[@]::6}" --driver-arg=--imbalance=matrix --format tsv | sed 's/\talltoallv\t/\tall_to_all_v\t/' >"$work/spelled.tsv"
check "another spelling in a plan" scripts/sweep --build "$build" --plan "$work/spelled.tsv" --matrix "$work/matrix" --dry-run
says "starts the same program" "$build/alltoallv"
unset BUSBAR_CATALOG

expect_status "an unknown baseline is status 2" 2 env BASELINE=nosuch scripts/check-regression
expect_status "with a comment too" 2 env BASELINE=nosuch FORMAT=markdown scripts/check-regression
says "that says why there is no verdict" "no baseline results/baselines/nosuch"
expect_status "no baseline is status 2" 2 scripts/check-regression
