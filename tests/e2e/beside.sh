#!/usr/bin/env bash
# --beside: a collective beside a load, on both backends (NCCL on the emulated device). Both are verified, each launch measures idle and loaded
# in turn, a load that pauses is told, a rank that fails or hangs ends both groups, and no command mixes loaded and idle cases.
. "$(dirname "$0")/../lib.sh"
. tests/fakes/emulated_gpu.sh
driver=all_reduce flags=(--backend mpi --placement out_of_place --passes 2)
busbar() { timeout 60 "$build/busbar" "$@"; }
loaded='[r for r in c if "beside" in r]'
pairs="len({r[\"key\"] for r in c}) == 4 and len(c) == 8 and len($loaded) == 4"' and all(r["status"] == "ok" and r["ranks"] == 2 and r["nodes"] == 1 and r["group"] == "beside" for r in c)'
right='all(r["wrong"] == (0 if r["pass"] == 0 else None) and r["load"].get("wrong", 0 if r["pass"] else -1) == 0 for r in '"$loaded"')'
turns='[("beside" in r) for r in c] == [False, True] * 4 and all(a["pass"] == b["pass"] and a["bytes"] == b["bytes"] for a, b in zip(c[::2], c[1::2]))'
kept='all(r["load"]["operations"] >= 1 and 0 < r["load"]["share"] <= 1 and r["load"]["us"] > 0 for r in '"$loaded"') and all("load" not in r and "slowdown" not in r for r in c[::2])'
ratio='all(abs(b["slowdown"] / (b["median_us"] / a["median_us"]) - 1) < 1e-6 and b.get("slowdown_lo", 0) <= b["slowdown"] <= b.get("slowdown_hi", 1e99) for a, b in zip(c[::2], c[1::2]))'
# behind RANK: the last command's stderr says that this rank is behind, and says it of no other.
behind() {
    tells 'it is named' "in all_reduce 8 B .*: rank $1 on [^ ]* is alive but behind the others"
    equal 'and no other' "$(grep -oE '\branks? [0-9]+' "$work/err" | sort -u)" "rank $1"
}
backends='mpi'
if [ -e "$build/busbar_nccl.so" ] && [ -e "$build/fakegpu/libnccl.so.2" ]; then backends='mpi nccl'; else skip '--beside with NCCL' 'the GPU parts are not built here'; fi
for backend in $backends; do
    flags[1]=$backend
    check "$backend, 4 ranks" emulated 4 -- --sizes 8,4K -n 30 --beside all_to_all:64K
    says 'with a table of both' ' of the time, 0 wrong'
    check "$backend: two cases idle and loaded, in one group of two ranks" rows "$pairs"
    check "$backend: one after the other, in every pass" rows "$turns"
    check "$backend: each element of both operations is right" rows "$right"
    check "$backend: what the load did is recorded" rows "$kept and c[1][\"beside\"] == \"alltoall:64K\" and \"/beside=alltoall:64K/\" in c[1][\"key\"]"
    check "$backend: slower by the ratio of the medians" rows "$ratio"
    expect_status "$backend: a wrong element of the load" 3 emulated 4 -- --sizes 8 -n 3 --beside alltoall:4K --fault wrong:rank=3
    check 'is told apart from those of the case' rows '[(r["load"]["wrong"], r["wrong"], r["status"], "in the load" in r["error"]) for r in '"$loaded"' if r["pass"] == 0] == [(1, 0, "wrong", True)] and all(r["status"] == "ok" for r in c[::2])'
    expect_status "$backend: a rank of the load hangs" 4 emulated 4 -- --sizes 8 --beside alltoall:4K --fault hang:rank=3,call=4 --timeout 5
    behind 3
done
flags[1]=mpi
expect_status 'a rank that measures hangs, while the load runs on' 4 emulated 4 -- --sizes 8 --beside alltoall:4K --fault hang:rank=2,call=4 --timeout 5
behind 2
for rank in 2 3; do # one that measures, one of the load
    expect_status "rank $rank fails" 5 emulated 4 -- --sizes 8 --beside alltoall:4K --fault fail:rank=$rank,call=4
done
expect_status 'a wrong element of the case' 3 emulated 4 -- --sizes 8 -n 3 --beside alltoall:4K --fault wrong:rank=2
check 'names the rank by its number in the launch' rows '[("on rank 2" in r["error"], r["load"]["wrong"]) for r in '"$loaded"' if r["pass"] == 0] == [(True, 0)]'
# By construction: a rank of the load waits 20 ms before each batch, which takes well below 20 ms: so at most half of the time is loaded.
check 'a load that sleeps' emulated 4 -- --sizes 8 -n 6 --beside alltoall:8 --fault slow:rank=1,us=20000
check 'is not taken for one that runs' rows 'len(c) == 4 and all(r["load"]["share"] < 0.95 and "of the time only" in r["error"] for r in '"$loaded"') and "faulted" in h["provenance"]'
# By construction: of the two samples of rank 0, the second, which is the loaded one, comes 1.5 s late.
check 'what delays only the loaded sample' emulated 4 -- --sizes 8 -n 1 -w 0 -c 0 --passes 1 --beside alltoall:4K --fault away:rank=0,us=1500000,call=2
check 'is in the loaded row and in the ratio' rows 'len(c) == 2 and c[1]["median_us"] > 1e6 > c[0]["median_us"] and c[1]["slowdown"] > 1'
check 'the start by a window' emulated 4 -- --sizes 8 -n 6 --beside broadcast:1K --sync window
check 'is that of the ranks that measure' rows 'all(r["sync"] == "window" for r in c)'

# refused TEXT STATUS RANKS FLAGS…: one line on stderr that holds the text
refused() {
    expect_status "refused: ${*:4}" "$2" ranks "$3" "$build/all_reduce" --backend mpi --output none --sizes 8 "${@:4}"
    says "$1" "$1"
}
refused '1 rank on one host; two must measure and two load, so it needs four: mpirun -np 4' 5 1 --beside alltoall:4K
refused 'it needs four' 5 2 --beside alltoall:4K
refused 'it needs four' 5 3 --beside alltoall:4K
refused 'fewer bytes than one element for each of 2 ranks' 5 4 --beside alltoall:4
refused 'of buffers for each rank' 5 4 --beside alltoall:1T
refused "unknown 'alltoal'; did you mean 'alltoall'" 2 1 --beside alltoal:4K
refused 'is not a collective and a size' 2 1 --beside alltoall
refused 'leave out --group' 2 1 --beside alltoall:4K --group node
refused "nccl-tests' text has no place for it" 2 1 --beside alltoall:4K --format nccl-tests

# ---- what reads records ----
# launches FOLDER LOAD NAME…: for each name, makes a launch beside the load
launches() {
    mkdir -p "$work/$1"
    for launch in "${@:3}"; do
        check "a launch beside $2" emulated 4 -- --sizes 8,4K -n 400 --passes 2 --beside "$2"
        sed "1s/\"launch\":\"l\"/\"launch\":\"$launch\"/" "$work/records/r/l.jsonl" >"$work/$1/$launch.jsonl"
    done
}
launches base alltoall:64K one two
launches other all_reduce:1M one
check 'show' busbar show --wide "$work/base"
says 'compares idle and loaded' 'all_reduce beside alltoall:64K, 2 ranks measure on 1 node'
check 'keeps loaded and idle apart' test "$(grep -cE '^ *(8 B|4 KiB) +[0-9]+ +float +sum +out_of_place +isolated +(alltoall:64K +)?[0-9.]+ +.* 2 ' "$work/out")" -eq 4
mkdir "$work/faster"
python3 - "$work/base/one.jsonl" >"$work/faster/one.jsonl" <<'E2'
import json, sys
for row in map(json.loads, open(sys.argv[1])):
    if "beside" in row: row["samples_us"] = [us / 1000 for us in row["samples_us"]]
    print(json.dumps(row))
E2
equal 'the first sentence is about idle cases' "$(busbar show "$work/faster" | head -n 1)" "$(busbar show "$work/base/one.jsonl" | head -n 1)"
check 'as JSON' busbar show --format json "$work/base"
check 'with the figures of each launch' python3 - "$work/out" "$work"/base/*.jsonl <<'E2'
import json, math, statistics, sys
(run,), launches = json.load(open(sys.argv[1])), [[json.loads(x) for x in open(f)] for f in sys.argv[2:]]
cases = [c for c in run["cases"] if "beside" in c]
assert len(cases) == 2 and len(run["cases"]) == 4
for c in cases:
    ratios, tails = [], []
    for rows in launches:
        def samples(beside):
            return sorted(x for r in rows if r["record"] == "case" and r["bytes"] == c["bytes"] and r.get("beside") == beside for x in r["samples_us"])
        idle, loaded = samples(None), samples("alltoall:64K")
        ratios.append(statistics.median(loaded) / statistics.median(idle))
        tails.append(loaded[math.ceil(0.99 * len(loaded)) - 1] / idle[math.ceil(0.99 * len(idle)) - 1])
    for name, values in (("slowdown", ratios), ("p99_slowdown", tails)):
        f = c[name]
        assert abs(f["value"] / statistics.median(values) - 1) < 1e-5 and abs(f["lo"] / min(values) - 1) < 1e-5 and abs(f["hi"] / max(values) - 1) < 1e-5, (name, f, values)
    assert c["load"]["operations"] == sum(r["load"]["operations"] for rows in launches for r in rows if r.get("beside") and r["bytes"] == c["bytes"]), c
E2
check 'as CSV' busbar show --format csv "$work/base"
check 'by columns' python3 -c 'import csv, sys; t = list(csv.DictReader(open(sys.argv[1]))); assert [x["beside"] for x in t] == ["", "", "alltoall:64K", "alltoall:64K"] and all((float(x["slowdown"]) > 0) if x["beside"] else not x["slowdown"] for x in t), t' "$work/out"
# One run with two caches, a step and overlap: tables that differ say so, and the columns of all fit into one CSV.
mkdir -p "$work/mixed"
cp "$work/base/one.jsonl" "$work/mixed"
sed -e '1s/"launch":"one"/"launch":"cold"/' -e 's/"cache":"warm"/"cache":"cold"/; s,/warm/,/cold/,' "$work/base/two.jsonl" >"$work/mixed/cold.jsonl"
check 'loads with two caches' busbar show --wide "$work/mixed"
cp "$work/out" "$work/tables"
for title in '2 ranks measure on 1 node' '2 ranks measure on 1 node, cache cold'; do
    check "have a table of their own: $title" grep -qxF "all_reduce beside alltoall:64K, $title" "$work/tables"
done
python3 - "$work/mixed" <<'E2'
import json, sys
head = {"record": "launch", "schema": 1, "run": "more", "provenance": ["simulated"], "ranks": 2, "nodes": 1}
common = {"nodes": 1, "ranks": 2, "dtype": "float", "cache": "warm", "memory": "host", "progress": "thread", "status": "ok", "wrong": 0}
step = dict(common, record="case", key="s", collective="step", workload="w@1", samples_us=[300.0] * 3, group="world",
            step={"computed_us": 310.0, "exposed_share": 0.25})
both = dict(common, record="overlap", key="o", collective="all_reduce", gemm_dtype="float", m=8, n=8, k=8, ratio=1, gemm_wrong=0,
            **{x + "_us": [y] * 3 for x, y in (("communication", 10.0), ("computation", 10.0), ("both", 15.0), ("communication_beside", 12.0), ("computation_beside", 11.0))})
for name, row in ("step", step), ("overlap", both):
    with open(f"{sys.argv[1]}/{name}.jsonl", "w") as out:
        for line in dict(head, launch=name, driver=name), row, {"record": "end", "status": "complete", "cases": 1}:
            out.write(json.dumps(line) + "\n")
E2
check 'loads, a step and overlap in one CSV' busbar show --format csv "$work/mixed"
check 'each with its figures' python3 - "$work/out" <<'E2'
import csv, sys
rows = list(csv.reader(open(sys.argv[1])))
assert len(set(rows[0])) == len(rows[0]) and {len(r) for r in rows} == {len(rows[0])}, rows[0]
table = [dict(zip(rows[0], r)) for r in rows[1:]]
assert len({x["key"] for x in table}) == len(table)
step, = (x for x in table if x["collective"] == "step")
assert (step["time_us"], step["step_computed_us"], step["step_exposed_share"], step["step_tokens"], step["slowdown"]) == ("300", "310", "0.25", "", ""), step
both, = (x for x in table if x["collective"] == "all_reduce+matmul")
assert (both["hidden_share"], both["computation_us"], both["step_computed_us"], both["beside"]) == ("0.5", "10", "", ""), both
E2
gate() { echo "$1" >"$work/gate"; busbar contract --gate "$work/gate" "$work/base"; }
check 'a gate limits the slowdown' gate 'all_reduce beside=alltoall:* slowdown<=1e9 p99_slowdown<=1e9 load.share<=1 wrong<=0'
expect_status 'and fails' 1 gate 'all_reduce beside=alltoall:* slowdown<=1e-9'
expect_status 'also where no such case was measured' 1 gate 'all_reduce beside=broadcast:* slowdown<=1e9'
expect_status 'a launch beside another load' 1 busbar compare "$work/base" "$work/other"
says 'lacks its cases' missing
check "as nccl-tests' text" busbar export "$work/base/one.jsonl"
check 'idle and loaded are tests of their own' test "$(grep -c '^# Collective test starting' "$work/out")" -eq 2
check 'a sweep' busbar plan --drivers all_reduce --sizes 64K --launches 1 --driver-arg --beside --driver-arg alltoall:1M --format tsv
check 'passes the flag on' grep -q -- '--beside alltoall:1M' "$work/out"
busbar plan --drivers all_reduce --sizes 64K --launches 1 --format tsv | sed '2s/^[^\t]*/one/' >"$work/plan.tsv"
check 'a baseline is measured again' busbar plan --read "$work/plan.tsv" --like "$work/base" --format tsv
check 'beside its load' grep -q -- '--beside alltoall:64K' "$work/out"
