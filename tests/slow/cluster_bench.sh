#!/usr/bin/env bash
# `make bench NODES=1,2,4 HOSTFILE=… MPIRUN_ARGS=…` on four hosts with rate-limited links: a table, a plot of bus bandwidth over nodes with
# its bound, which no figure exceeds, and a plot of efficiency. Then several node counts in one launch (--concurrent), and a soak test
# (--repeat-every, --for).
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/fakes/namespace_cluster.sh
. tests/fakes/namespace_cluster.sh
need_cluster "make bench on a cluster"
cluster_up 4 100mbit
common=(--sizes "64K,1M" --mode pipelined --max-seconds 0.3 --driver-arg --passes=1 --driver-arg --network-gbit=0.1 --no-preflight)

# Use the build with the CUDA knob that it was built with, so that make does not rebuild it.
cuda=$(sed -n "s/.* CUDA='\([^']*\)'.*/\1/p" "$build/flags/knobs" 2>/dev/null)
RESULTS=$work/results check "make bench over 1, 2 and 4 hosts" timeout 300 make bench B="$build" ${cuda:+CUDA="$cuda"} NO_INSTALL=1 NODES=1,2,4 \
    HOSTFILE="$work/cluster/hosts" MPIRUN_ARGS="$(cat "$work/cluster/mpirun_args")" RUN=bench DRIVERS=all_reduce,all_gather LAUNCHES=1 NETWORK_GBIT=0.1 \
    SWEEP_ARGS="--sizes 64K,1M --mode pipelined --max-seconds 0.3 --driver-arg --passes=1"
says "a table for each node count" "8 ranks on 4 nodes"
equal "all launches are complete" "$(complete bench)" 3
plots=$work/results/bench/plots
for plot in scaling-all-reduce scaling-all-gather efficiency-all-reduce efficiency-all-gather; do
    if [ -s "$plots/$plot.svg" ] && [ -s "$plots/$plot.png" ]; then ok "$plot is drawn"; else not_ok "$plot is not drawn"; fi
done
if grep -q 'bound' "$plots/scaling-all-reduce.tsv"; then ok "with its bound"; else not_ok "without its bound"; cat "$plots/scaling-all-reduce.tsv"; fi
# 100 Mbit/s are 0.0125 GB/s per host and direction. Each host must receive (N-1)/N of S bytes; for all-reduce it must also receive partial
# sums, hence twice as much.
check "no figure lies above the bound" python3 - "$work/results/bench" <<'END'
import glob, json, sys
rows = [r for f in glob.glob(sys.argv[1] + "/*.jsonl") for r in map(json.loads, open(f)) if r["record"] == "case"]
assert sorted({r["nodes"] for r in rows}) == [1, 2, 4] and len(rows) == 12, rows
for r in rows:
    n, crossings = r["nodes"], {"all_reduce": 2, "all_gather": 1}[r["collective"]]
    if n == 1:
        assert "bound_us" not in r, r
        continue
    bound = crossings * r["bytes"] * (n - 1) / n / 0.0125e9 * 1e6
    assert abs(r["bound_us"] / bound - 1) < 1e-6, r
    # what the shaper lets through at once is little against the larger size
    assert r["bytes"] < 1 << 20 or r["median_us"] >= r["bound_us"], r
END

check "a load beside a collective" sweep_cluster "${common[@]}" --nodes 4 --drivers all_reduce --launches 1 --run loaded --driver-arg '--beside all_to_all:64K'
check "both groups have a rank on each host, and all is right" python3 - "$work/results/loaded" <<'END'
import glob, json, sys
rows = [r for f in glob.glob(sys.argv[1] + "/*.jsonl") for r in map(json.loads, open(f)) if r["record"] == "case"]
loaded = [r for r in rows if "beside" in r]
assert len(rows) == 4 and len(loaded) == 2, rows
assert all((r["nodes"], r["ranks"], r["group"], r["wrong"], r["status"]) == (4, 4, "beside", 0, "ok") for r in rows), rows
assert all(r["load"]["operations"] >= 1 and r["load"]["wrong"] == 0 for r in loaded), loaded
END

sed -i 's/slots=[0-9]*/slots=1/' "$work/cluster/hosts"
expect_status "a load where hosts have one rank" 5 sweep_cluster "${common[@]}" --nodes 4 --ranks-per-node 1 --drivers all_reduce --launches 1 --run lonely \
    --driver-arg '--beside all_to_all:64K'
says "is refused with what to type" "has one rank; each host needs two, one that measures and one that loads"
says "as Open MPI does it" "ppr:2:node"
check "node counts side by side" sweep_cluster "${common[@]}" --nodes 1,2,4 --ranks-per-node 1 --drivers all_reduce --concurrent --launches 1 --run beside
equal "in one launch" "$(complete beside)" 1
check "recorded as groups over all hosts" python3 - "$work/results/beside" <<'END'
import glob, json, sys
rows = [r for f in glob.glob(sys.argv[1] + "/*.jsonl") for r in map(json.loads, open(f)) if r["record"] == "case"]
pairs = [r for r in rows if r["group"] == "2"]
assert {r["group"] for r in rows} == {"2", "world"} and len(pairs) == 2, rows
for r in pairs:
    assert (r["nodes"], r["ranks"]) == (2, 2) and sorted(tuple(g["hosts"]) for g in r["groups"]) == [("t1", "t2"), ("t3", "t4")], r
    assert all(r["groups"][0]["median_us"] >= g["median_us"] > 0 for g in r["groups"])
END

begun=$(date +%s)
check "a soak" sweep_cluster "${common[@]}" --nodes 2 --drivers all_reduce --launches 1 --run soak --repeat-every 8s --for 12s
took=$(($(date +%s) - begun))
equal "runs the plan in two rounds, each a run of its own" "$(complete soak-001) $(complete soak-002)" "1 1"
if [ "$took" -ge 8 ] && [ "$took" -lt 90 ]; then ok "so far apart as was asked"; else not_ok "it took $took s"; fi
exit "$failures"
