#!/usr/bin/env bash
# Lines for people are at most 80 columns of a terminal wide: the tables of every command and driver, the text around them, and help texts.
# Not checked: a driver's remarks on single cases, and busbar export, whose text must equal that of nccl-tests.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
busbar=$PWD/$build/busbar

# narrow NAME COMMAND…: checks the width of the output of a command that ends with status 0, 1 (a gate failed) or 3 (wrong data).
narrow() {
    local name=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/err" || status=$?
    if [[ $status != [013] ]]; then
        not_ok "$name (status $status)"
        tail -n 5 "$work/err"
        return
    fi
    if python3 - "$work/out" <<'E2'
import sys, unicodedata
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
columns = lambda text: sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
remarks = ("do not trust ", "unsupported: ", "skipped: ", "records: ")  # one line each below a driver's table, so that grep finds them
wide = [line for line in lines if columns(line) > 80 and not line.startswith(remarks)]
for line in wide[:3]:
    print(f"    {columns(line)}: {line}")
sys.exit(bool(wide) or not lines)
E2
    then ok "$name"; else not_ok "$name"; fi
}

for command in $("$busbar" --completion); do narrow "busbar $command --help" "$busbar" "$command" --help; done
narrow 'busbar --help' "$busbar" --help
for script in against bench check-regression gpu-proof preset scan simulate sweep; do narrow "scripts/$script --help" "scripts/$script" --help; done

tests/data/synthetic-runs "$work/runs"
tests/data/synthetic-runs "$work/hostile" --hostile
tests/data/nights --change 2:25:1.1 >"$work/spec.json" && tests/data/launches "$work/nights" <"$work/spec.json"
# Types, operations, placements and modes that all differ, and long errors.
python3 - <<'E2' | tests/data/launches "$work/many"
import json
cases = [{"collective": "all_reduce", "bytes": 2 ** (3 + i), "us": 10 + i, "dtype": ("bfloat16", "float", "fp8_e4m3")[i % 3], "op": ("premulsum", "sum")[i % 2],
          "placement": ("in_place", "out_of_place")[i // 2 % 2], "mode": ("isolated", "pipelined")[i // 4 % 2]} for i in range(24)]
cases.append({"collective": "all_reduce", "bytes": 1 << 40, "status": "too_large", "error": "needs more memory than there is, " * 5})
cases += [{"gemm": "gemm", "m": 28672, "n": 8192, "k": 131072, "dtype": dtype, "phase": phase, "tflops": 1000} for dtype in ("bfloat16", "mxfp8") for phase in ("burst", "sustained")]
print(json.dumps([{"run": "a-run-with-a-name-that-is-long-enough-to-need-most-of-a-line-of-eighty", "launch": f"l{i}", "ranks": 8, "cases": cases} for i in range(6)]))
E2
narrow 'show' "$busbar" show "$work/runs"
narrow 'show by allocation' "$busbar" show --by-allocation "$work/runs"
narrow 'show of hostile names' "$busbar" show "$work/hostile"
narrow 'show where everything differs' "$busbar" show "$work/many"
cp "$work/out" "$work/narrow"
check 'and --wide' "$busbar" show --wide "$work/many"
cp "$work/out" "$work/wide"
check 'loses no row' test "$(grep -cE '^ *[0-9.]+ (B|[KMGT]iB) ' "$work/narrow")" -eq "$(grep -cE '^ *[0-9.]+ (B|[KMGT]iB) ' "$work/wide")"
check 'has all columns' grep -qE '^ *size +count +type +op +placement +mode +time\(us\) +interval +launches +algbw +busbw +interval +wrong$' "$work/wide"
narrow 'show of the references' "$busbar" show results/reference
check 'a sentence comes first' grep -qE '^CSCS Alps GH200: all_reduce reaches 123\.1 GB/s of bus bandwidth at 128 MiB on 8$' <(head -n 1 "$work/out")
narrow 'history' "$busbar" history "$work/nights"
cp -r "$work/nights/night-000" "$work/base" && cp -r "$work/nights/night-030" "$work/new"
narrow 'compare' "$busbar" compare "$work/base" "$work/new"
narrow 'compare with long names' "$busbar" compare --allow-different "$work/runs/gb200-rack" "$work/runs/h100-roce"
"$busbar" contract --propose u-p6e-gb200x72 --domains 2 >"$work/rack.gate"
printf 'all_reduce bytes>=1M busbw_gbps>=1 wrong<=0 transport=nvls launches>=6\nmatmul tflops>=1000\n' >"$work/own.gate"
narrow 'compare with limits' "$busbar" compare --gate "$work/own.gate" "$work/base" "$work/new"
narrow 'contract' "$busbar" contract --gate "$work/rack.gate" "$work/runs/gb200-rack"
narrow 'contract with an interval' "$busbar" contract --gate "$work/own.gate" "$work/many"
narrow 'limits' "$busbar" limits --instance u-p6e-gb200x72 --domains 8
narrow 'limits with latencies' "$busbar" limits --gpu H100 --domain-gpus 8 --domains 2 --nic-gbps 50 --nvlink-latency 2 --nic-latency 5
narrow 'plan' "$busbar" plan --available 18 --ranks-per-node 4 -e 8G
narrow 'import' env -C "$work" "$busbar" import --output imported --keep-going "$PWD"/tests/data/import/*.log
check 'a baseline' "$busbar" baseline save --dir "$work/baselines" --allow-simulated rack "$work/runs/gb200-rack"
narrow 'baseline list' "$busbar" baseline --dir "$work/baselines" list
narrow 'baseline show' "$busbar" baseline --dir "$work/baselines" show rack

if [ -x "$build/all_reduce" ]; then
    for driver in all_reduce matmul overlap step; do narrow "$driver --help" "$build/$driver" --help; done
    small=(--backend mpi -n 5 --output "$work/records")
    narrow 'all_reduce' ranks 2 "$build/all_reduce" "${small[@]}" --run a --sizes 8,1M
    narrow 'alltoallv' ranks 2 "$build/alltoallv" "${small[@]}" --run b --sizes 8,1M --imbalance 1,1.5 --mode both
    narrow 'matmul' ranks 2 "$build/matmul" --shapes 96,64x80x48 --phase burst -n 3 --threads 1 --output "$work/records" --run c
    narrow 'overlap' ranks 2 "$build/overlap" --backend mpi --sizes 64K --ratio 0.5,2 -n 5 --threads 1 --output "$work/records" --run d
    printf '%s\n' $'workload\tpart\tgroup\tdtype\tshape\tbytes\tcount\tloop\toverlap\tflops\ttokens\tnote' \
        $'a-workload-with-a-rather-long-name\treduce_scatter\ttensor+expert+data\tbfloat16\t\t64K\t3\tlayer:20\tan-overlap-with-a-long-name\t\t\tx' \
        $'a-workload-with-a-rather-long-name\tmatmul\t\tfloat\t128x64x256\t\t2\tlayer:20\tan-overlap-with-a-long-name\t\t4096\ty' >"$work/steps.tsv"
    narrow 'step' ranks 2 "$build/step" --backend mpi --workloads "$work/steps.tsv" --workload a-workload-with-a-rather-long-name -n 3 --price 3.5 --threads 1 \
        --output "$work/records" --run e
    check 'has its parts and figures' grep -qE '^overlap an-overlap-with-a-lo' "$work/out"
    small=(--backend mpi -n 120 --output "$work/records" --run f --sizes '8,4K' --beside all_to_all:64K)
    narrow 'all_reduce beside a load' ranks 4 "$build/all_reduce" "${small[@]}" --launch one
    check 'once more' ranks 4 "$build/all_reduce" "${small[@]}" --launch two
    narrow 'show of a load' "$busbar" show "$work/records/f"
    check 'has the table of both' grep -qE '^ +size +(mode +)?idle\(us\) +p99\(us\) +loaded\(us\)' "$work/out"
    check 'and --wide' "$busbar" show --wide "$work/records/f"
    check 'has its intervals' grep -qE '^ +size +type +op +placement +mode +idle\(us\) +interval .* operations +launches$' "$work/out"
    narrow 'show of all these' "$busbar" show "$work/records"
else
    skip 'tables of drivers' 'there is no MPI'
fi
exit "$failures"
