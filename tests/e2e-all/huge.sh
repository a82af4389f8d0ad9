#!/usr/bin/env bash
# Beyond 4 GiB and beyond 2^31 elements: data movement by derived types, verified; reductions as the MPI library can.
. "$(dirname "$0")/../lib.sh"
set +e
available=$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
if [ "$available" -lt 14 ]; then
    skip "5 GiB all-gather" "needs 14 GiB of free memory, $available are there"
    exit 0
fi
RANKS_TIMEOUT=1800 check "a 5 GiB all-gather of int8 on 2 ranks, in place" ranks 2 "$build/all_gather" --backend mpi -d int8 --sizes 5G \
    --placement in_place --cache warm -n 1 -w 0 --passes 1 --timeout 900 --output "$work/results" --run huge --launch l
python3 - "$work/results/huge/l.jsonl" <<'PY' && ok "every element is right" || not_ok "every element is right"
import json, sys
case = [c for c in map(json.loads, open(sys.argv[1])) if c["record"] == "case"][0]
assert case["status"] == "ok" and case["wrong"] == 0 and case["bytes"] == case["count"] == 5 << 30, case
PY
# LARGE_COUNTS=yes: the MPI library is known to have them (MPI 4), so that unsupported is a failure.
RANKS_TIMEOUT=1800 check "an all-reduce of 2049 Mi int8" ranks 2 "$build/all_reduce" --backend mpi -d int8 --sizes 2049M \
    --placement in_place --cache warm -n 1 -w 0 --passes 1 --timeout 900 --output "$work/results" --run huge --launch r
python3 - "$work/results/huge/r.jsonl" "${LARGE_COUNTS:-no}" >"$work/out" <<'PY' && ok "$(cat "$work/out")" || not_ok "is right, or unsupported with the reason"
import json, sys
case = [c for c in map(json.loads, open(sys.argv[1])) if c["record"] == "case"][0]
large = case["status"] == "ok" and case["wrong"] == 0 and case["count"] > 1 << 31
assert large or sys.argv[2] == "no" and case["status"] == "unsupported" and "2147483647" in case["error"], case
print("every element is right" if large else "it is unsupported, with the reason: this MPI library has no large counts")
PY
[ $failures -eq 0 ]
