#!/usr/bin/env bash
# Beyond 4 GiB and beyond 2^31 elements: data movement by derived types, verified; reductions as the MPI library can.
. "$(dirname "$0")/../lib.sh"
set +e
available=$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
if [ "$available" -lt 14 ]; then
    skip "5 GiB all-gather" "needs 14 GiB of free memory, $available are there"
    exit 0
fi
RANKS_TIMEOUT=1200 check "a 5 GiB all-gather of int8 on 2 ranks, in place" ranks 2 "$build/all_gather" --backend mpi -d int8 --sizes 5G \
    --placement in_place --cache warm -n 1 -w 0 --passes 1 --timeout 600 --output "$work/results" --run huge --launch l
python3 - "$work/results/huge/l.jsonl" <<'PY' && ok "every element is right" || not_ok "every element is right"
import json, sys
case = [c for c in map(json.loads, open(sys.argv[1])) if c["record"] == "case"][0]
assert case["status"] == "ok" and case["wrong"] == 0 and case["bytes"] == case["count"] == 5 << 30, case
PY
RANKS_TIMEOUT=1200 check "a 3 GiB all-reduce of int8" ranks 2 "$build/all_reduce" --backend mpi -d int8 --sizes 3G \
    --placement in_place --cache warm -n 1 -w 0 --passes 1 --timeout 600 --output "$work/results" --run huge --launch r
python3 - "$work/results/huge/r.jsonl" <<'PY' && ok "is right, or unsupported with the reason" || not_ok "is right, or unsupported with the reason"
import json, sys
case = [c for c in map(json.loads, open(sys.argv[1])) if c["record"] == "case"][0]
assert case["status"] == "ok" and case["wrong"] == 0 or case["status"] == "unsupported" and "2147483647" in case["error"], case
PY
[ $failures -eq 0 ]
