#!/usr/bin/env bash
# Synchronised clocks: global times, arrivals and residual skew are recorded; a rank that starts late shows in its arrival, not in its wait.
. "$(dirname "$0")/../lib.sh"
set +e
check "--sync window" ranks 2 "$build/all_reduce" --backend mpi --sync window --mode both --sizes 8,64K -n 40 --output "$work/results" --run w --launch l
python3 - "$work/results/w/l.jsonl" <<'PY' && ok "rows have global times, arrival and skew, where clocks are used" || not_ok "rows have global times, arrival and skew"
import json, sys
cases = [c for c in map(json.loads, open(sys.argv[1])) if c["record"] == "case"]
measured = {}  # whether any pass of a case has samples; on a busy machine every sample of one pass may begin late
for c in cases:
    if c["mode"] == "pipelined":
        assert c["sync"] == "barrier" and "global_us" not in c and "arrival_us" not in c
        continue
    assert c["sync"] == "window" and "/window/" in c["key"]
    assert c["stopped_by"] in (["fixed", "samples", "time"] if "samples_us" in c else ["samples", "time"]), c
    assert len(c.get("global_us", [])) == len(c.get("samples_us", []))
    measured[c["key"]] = measured.get(c["key"], False) or "samples_us" in c
    # from the earliest start to the latest end is at least any rank's own time (but for the clocks' skew)
    assert all(g >= s - c["skew_us"] - 0.1 for g, s in zip(c.get("global_us", []), c.get("samples_us", [])))
    assert c["skew_us"] >= 0 and c["arrival_us"]["min"] >= 0
assert len(measured) == 4 and all(measured.values()), measured
PY
# 40 ms: longer than the time slices for which 8 ranks wait for each other on few busy processors.
for rank in 0 5 7; do
    check "8 ranks, rank $rank delayed" measured "$work/results/slow" ranks 8 "$build/all_reduce" --backend mpi --sync window --sizes 1K --placement in_place --cache warm \
        -n 30 -w 2 --passes 1 --fault "slow:rank=$rank,us=40000" --output "$work/results" --run slow --launch l
    python3 - "$work/results/slow/l.jsonl" "$rank" <<'PY' && ok "arrival names rank $rank, wait does not" || not_ok "arrival names rank $rank, wait does not"
import json, sys
case = [c for c in map(json.loads, open(sys.argv[1])) if c["record"] == "case"][0]
rank = int(sys.argv[2])
assert case["arrival_us"]["latest"]["rank"] == rank, case["arrival_us"]
assert case["rank_wait_us"]["longest"]["rank"] != rank, case["rank_wait_us"]
PY
done
