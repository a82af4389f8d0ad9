#!/usr/bin/env bash
# The matmul driver with a BLAS on the CPU: ranks, records, wrong results, slow ranks, missing libraries.
. "$(dirname "$0")/../lib.sh"
small=(--shapes '96,64x80x48' --sustain 0.05 --max-seconds 0.1 --output "$work/r" --blas openblas)
if ! "$build/matmul" --output none --shapes 8 --phase burst -n 1 --blas openblas >/dev/null 2>&1; then
    skip 'matmul with OpenBLAS' 'OpenBLAS is not here: the fastest library that is here is used'
    small=("${small[@]:0:8}")
fi
record() { echo "$work/r/$1/$1.jsonl"; } # of --run NAME --launch NAME

for n in 1 2 4; do
    # shellcheck disable=SC2046
    check "$n ranks multiply and are right" ranks "$n" "$build/matmul" "${small[@]}" $(named "n$n")
    recorded "$n ranks: 2 shapes x 2 types x 2 phases, complete" "n$n" \
        'len(cases) == 8 and end["status"] == "complete" and end["cases"] == 8 and len({c["key"] for c in cases}) == 8'
done
recorded 'a row says what was multiplied, by what, and how fast' n2 \
    'all(c["gemm"] == "gemm" and "collective" not in c and c["status"] == "ok" and c["wrong"] == 0 and c["ranks"] == 2
         and c["memory"] == "host" and c["layout"] == "NN" and c["phase"] in ("burst", "sustained") and c["algorithm"]
         and c["accumulator"] == c["dtype"] and c["scaling"] == "none" and len(c["samples_us"]) > 0
         and abs(c["tflops"] * c["median_us"] * 1e6 / (2 * c["m"] * c["n"] * c["k"]) - 1) < 1e-6 for c in cases)'
recorded 'every rank is in the spread, and the slowest is named' n2 \
    'all(c["rank_time_us"]["slowest"]["rank"] in (0, 1) and c["rank_time_us"]["min"] <= c["rank_time_us"]["max"]
         and abs(c["rank_time_us"]["max"] / c["median_us"] - 1) < 1e-6 for c in cases)'
recorded 'the launch says library, version, kernel, threads, machine' n1 \
    'all(b["library"] and b["path"] for b in launch["facts"]["blas"]) and launch["facts"]["topology"]["cores"] > 0
     and launch["provenance"] == ["measured"] and launch["driver"] == "matmul" and launch["backend"] == "cblas"'

# In a container: 3 operands of 512 MiB each do not fit into 700 MB, however much memory the machine has.
limited 700000000 true >/dev/null 2>&1
if [ $? -eq 77 ]; then skip 'a limit in memory' 'no memory control group can be made here'; else
    # shellcheck disable=SC2046
    check "what a control group's limit forbids is not attempted" limited 700000000 "$build/matmul" --shapes 64,8192 -d double --phase burst -n 2 \
        --output "$work/r" $(named group)
    recorded 'it is too_large, and the rest is measured' group \
        '[(c["m"], c["status"]) for c in cases] == [(64, "ok"), (8192, "too_large")] and end["status"] == "complete"'
fi

check 'the table names its columns' "$build/matmul" "${small[@]}" --output none --phase burst -n 3 -d float
says 'GFLOP/s in the table' 'GFLOP/s'
says 'the library in the table' "by $(python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).readline())["facts"]["blas"][0]["library"])' "$(record n1)") "

# shellcheck disable=SC2046
expect_status 'a wrong element is caught' 3 ranks 2 "$build/matmul" "${small[@]}" $(named wrong) --fault wrong:rank=1 -n 3 --phase burst
says 'its rank is named' 'worst on rank 1'
recorded 'the record says wrong and faulted' wrong \
    'all(c["status"] == "wrong" and c["wrong"] > 0 and "rank 1" in c["error"] for c in cases) and "faulted" in launch["provenance"]'
expect_status 'unchecked is not called right' 0 "$build/matmul" "${small[@]}" --run nocheck --launch nocheck -c 0 -n 1 --phase burst
recorded 'unchecked: wrong is null' nocheck 'all(c["wrong"] is None for c in cases)'

# shellcheck disable=SC2046
check 'a slow rank' ranks 3 "$build/matmul" "${small[@]}" $(named slow) --fault slow:rank=2,us=100000 -n 3 --phase burst --shapes 32 -d float
if grep -qE 'slowest rank 2 \(.*\), spread [0-9]+x$' "$work/out"; then ok 'the spread is told as a factor'; else not_ok 'the spread is told as a factor'; cat "$work/out"; fi
recorded 'the slow rank is the slowest' slow \
    'all(c["rank_time_us"]["slowest"]["rank"] == 2 and c["median_us"] > 1e5 and c["rank_time_us"]["min"] < 1e5 for c in cases)'

recorded 'it does not hold up the others: a sample of several calls ends after half a second' slow \
    'all(c["batch"] == 1 or c["batch"] * c["median_us"] < 0.6e6 for c in cases)'
recorded 'every rank has its own figure, the slowest first' slow \
    'all([g["ranks"][0] for g in c["groups"]][0] == 2 and sorted(g["ranks"][0] for g in c["groups"]) == [0, 1, 2]
         and all(abs(g["tflops"] * g["median_us"] * 1e6 / (2 * c["m"] * c["n"] * c["k"]) - 1) < 1e-6 for g in c["groups"]) for c in cases)'
expect_status 'the slow rank is named by busbar scan' 1 "$build/busbar" scan "$work/r/slow"
says 'with its rank and its share' 'rank 2: float 32x32x32 burst at'
if [ "$(head -n 1 "$work/out" | grep -c ', rank 2:')" -eq 1 ]; then ok 'before any other'; else not_ok 'before any other'; cat "$work/out"; fi
expect_status 'one rank alone can be compared with nobody' 5 "$build/busbar" scan "$work/r/n1"

# shellcheck disable=SC2046
expect_status 'a rank that fails ends the launch' 5 ranks 2 "$build/matmul" "${small[@]}" $(named fails) --fault fail:rank=1 --phase burst
recorded 'its record ends as failed' fails 'end["record"] == "end" and end["status"] == "failed"'
# shellcheck disable=SC2046
expect_status 'a rank that hangs ends the launch' 4 ranks 2 "$build/matmul" "${small[@]}" $(named hangs) --fault hang:rank=1 --phase burst --timeout 15
says 'the hanging rank is named' ": rank 1 on $(uname -n) is alive but behind the others"

# shellcheck disable=SC2046
check 'one rank at a time' ranks 2 "$build/matmul" "${small[@]}" $(named one) --ranks-at-once one -n 3 --phase burst -d float
recorded 'one at a time is another case' one 'all(c["group"] == "one" and len(c["samples_us"]) == 3 for c in cases)'
# shellcheck disable=SC2046
check 'passes, layouts, threads' "$build/matmul" "${small[@]}" $(named passes) --passes 2 -n 4 --phase burst --layout NN,TN,NT,TT -d double --threads 1
recorded 'two passes of four layouts' passes \
    'len(cases) == 16 and {c["layout"] for c in cases} == {"NN", "TN", "NT", "TT"} and all(c["wrong"] == 0 and len(c["samples_us"]) == 2 for c in cases)'

check 'what a CPU cannot do is unsupported, not an error' "$build/matmul" "${small[@]}" --run un --launch un -d bf16,float -n 1 --phase burst --shapes 8
recorded 'unsupported with its reason' un \
    '[c["status"] for c in cases if c["dtype"] == "bfloat16"] == ["unsupported"] and all("error" in c for c in cases if c["status"] != "ok")'
expect_status 'what does not fit is said, not attempted; nothing else was to be measured' 5 "$build/matmul" "${small[@]}" --run big --launch big -d double -n 1 --phase burst --shapes 1000000
recorded 'too large' big '[c["status"] for c in cases] == ["too_large"]'
# If other work uses the cores, not even the first case may be measured within the budget: the status says so.
budget=0
"$build/matmul" "${small[@]}" --run budget --launch budget --time-budget 2 --shapes 64,96,128 >"$work/out" 2>"$work/err" || budget=$?
if grep -q '"status":"ok"' "$work/r/budget/budget.jsonl"; then measured=0; else measured=5; fi
equal 'a time budget' $budget $measured
recorded 'a time budget: every case is there, measured or skipped' budget \
    'len(cases) == 12 and all(c["status"] in ("ok", "skipped") for c in cases)'
check 'records on stdout' "$build/matmul" "${small[@]}" --output none --format json -n 1 --phase burst
check 'each line is JSON' python3 -c 'import json, sys; lines = [json.loads(line) for line in open(sys.argv[1])]; assert [lines[0]["record"], lines[-1]["record"]] == ["launch", "end"]' "$work/out"
check 'busbar show' "$build/busbar" show "$work/r"
says 'reads it' 'gemm, 2 ranks on 1 node'

expect_status 'unknown flag' 2 "$build/matmul" --shape 8
says 'a near match' 'did you mean --shapes?'
expect_status 'bad shape' 2 "$build/matmul" --shapes 8x8
expect_status 'bad type' 2 "$build/matmul" -d flaot
says 'a near type' "did you mean 'float'"
expect_status 'no such rank to damage' 2 "$build/matmul" "${small[@]}" --fault wrong:rank=5
expect_status 'no such kernel' 2 "$build/matmul" "${small[@]}" --output none --blas-kernel Abacus
expect_status 'a shape beyond any BLAS, and nothing else' 5 "$build/matmul" --shapes 4000000000 --output none --format json
[ "$(grep -c '"status":"unsupported"' "$work/out")" -ge 2 ] && ok 'is a case that says so' || not_ok 'is a case that says so'
expect_status 'no such library' 5 "$build/matmul" --output none --blas /nowhere/libblas.so
says 'the loader is quoted' 'No such file'
expect_status 'a library that is no BLAS' 5 "$build/matmul" --output none --blas libm.so.6
says 'what it lacks' 'dgemm_'
expect_status 'a launch is never overwritten' 5 "$build/matmul" "${small[@]}" --run n1 --launch n1
expect_status 'ranks as expected' 5 ranks 2 "$build/matmul" "${small[@]}" --expect-ranks 3

# ---- a launch uses one library, and figures of unlike libraries stay apart
libraries=(--shapes '48,64x80x48' -d float -n 2 --phase burst --output "$work/r" --run libraries)
check 'the fastest library that is here, on two ranks' ranks 2 "$build/matmul" "${libraries[@]}" --launch fastest
read -r chosen other <<<"$(python3 -c '
import json, sys
blas = json.loads(open(sys.argv[1]).readline())["facts"]["blas"]
print(blas[0]["library"], *(t["library"].split()[0] for t in blas[0].get("libraries_tried", []) if not t["library"].startswith(blas[0]["library"])))' \
    "$work/r/libraries/fastest.jsonl")"
recorded 'one library ran all cases' "$work/r/libraries/fastest.jsonl" \
    'len(launch["facts"]["blas"]) == 1 and all(c["algorithm"].startswith(launch["facts"]["blas"][0]["library"] + " ") for c in cases)'
if [ -n "$other" ]; then
    other=${other%% *}
    check 'then another, by its name in the record' ranks 2 "$build/matmul" "${libraries[@]}" --launch other --blas "$other"
    check 'both in one table' "$build/busbar" show "$work/r/libraries" --format json
    check 'stay apart' python3 -c '
import json, sys
cases = [c for run in json.load(open(sys.argv[1])) for c in run["cases"]]
assert len(cases) == 4 and all(c["launches"] == 1 for c in cases), cases
assert {c["blas"].split()[0] for c in cases} == set(sys.argv[2:]), cases' "$work/out" "$chosen" "$other"
else
    skip 'unlike libraries stay apart' "only $chosen is here; comparable.sh has made records of two"
fi

# ---- all launches of a run use the same kernel of the BLAS
tried() { python3 -c 'import json, sys; print(*dict.fromkeys(t["kernel"] for t in json.loads(open(sys.argv[1]).readline())["facts"]["blas"][0].get("kernels_tried", [])))' "$1"; }
read -r first other _ <<<"$(tried "$(record n1)")"
library=$(python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).readline())["facts"]["blas"][0]["library"])' "$(record n1)")
# A launch that could not start the processes which time kernels goes on without, and warns.
for again in 1 2 3; do
    [ -z "$other" ] && [[ $library = OpenBLAS ]] || break
    # shellcheck disable=SC2046
    check "kernels are timed, attempt $again" "$build/matmul" "${small[@]}" $(named "kernels$again") -n 1 --phase burst
    read -r first other _ <<<"$(tried "$(record "kernels$again")")"
done
if [ -n "$other" ]; then
    # shellcheck disable=SC2046
    check 'of a list of kernels' "$build/matmul" "${small[@]}" $(named list) -n 1 --phase burst --blas-kernel "Abacus,$other,$first,fastest"
    recorded 'the first that the library has is used, and none is timed' list \
        "all(b['kernel'] == '$other' and 'kernels_tried' not in b for b in launch['facts']['blas']) and all('$other' in c['algorithm'] for c in cases)"
    # shellcheck disable=SC2046
    check 'the word fastest' "$build/matmul" "${small[@]}" $(named fastest) -n 1 --phase burst --blas-kernel Abacus,fastest
    recorded 'times them' fastest 'all(len(b["kernels_tried"]) > 1 for b in launch["facts"]["blas"])'
    one_run() {
        SWEEP_OVERSUBSCRIBE=1 MPIRUN=$mpirun timeout 120 scripts/sweep --build "$build" --results "$work/r" --run one --no-preflight --launches 2 \
            --drivers matmul --shapes 64 --matmul-datatype float --sustain 0.05 --matmul-arg -n1 --matmul-arg --blas=openblas
    }
    check 'a sweep of two launches' one_run
    launches=("$work"/r/one/matmul-*.jsonl)
    # The record of one launch says that it used the kernel that it did not use; the other launch is repeated.
    ran=$(python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).readline())["facts"]["blas"][0]["kernel"])' "${launches[0]}")
    not_ran=$([ "$ran" = "$first" ] && echo "$other" || echo "$first")
    sed -i "1s/\"kernel\":\"$ran\"/\"kernel\":\"$not_ran\"/" "${launches[0]}"
    rm "${launches[1]}"
    check 'continued after one' one_run
    recorded 'the other uses the same kernel, and does not time any' "${launches[1]}" \
        "'$not_ran,fastest' in launch['args'] and launch['facts']['blas'][0]['kernel'] == '$not_ran' and 'kernels_tried' not in launch['facts']['blas'][0]"
    # A record says that the budget left out its sustained case. Both launches are complete, so the sweep only ends.
    sed -i '/"phase":"sustained"/s/"status":"ok"/"status":"skipped"/' "${launches[0]}"
    check 'a case that the budget left out' one_run
    says 'is named when the sweep ends' 'sweep: left out: matmul float NN sustained: 64x64x64'
elif [[ $library = OpenBLAS && $(uname -m) = x86_64 ]]; then
    not_ok 'all launches of a run use the same kernel: four launches timed at most one kernel of OpenBLAS'
else
    skip 'all launches of a run use the same kernel' "$library has no choice of kernels here"
fi
