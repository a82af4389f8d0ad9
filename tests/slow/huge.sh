#!/usr/bin/env bash
# Buffers beyond 4 GiB and 2^31 elements: data movement with derived types, verified; reductions if the MPI library supports such counts.
. "$(dirname "$0")/../lib.sh"
set +e
available=$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)

# huge NAME GIB RANKS COLLECTIVE SIZE [STATUS]: runs one case of int8, in place; its row is in $work/row. Expects this status [0]. Skips if
# less than GIB of memory is free.
huge() {
    if [ "$available" -lt "$2" ]; then
        skip "$1" "needs $2 GiB of free memory, $available are there"
        return 1
    fi
    RANKS_TIMEOUT=1800 expect_status "$1" "${6:-0}" ranks "$3" "$build/$4" --backend mpi -d int8 --sizes "$5" --placement in_place --cache warm \
        -n 1 -w 0 --passes 1 --timeout 900 --output "$work/results" --run huge --launch "$4-$3" || return 1
    grep '"record":"case"' "$work/results/huge/$4-$3.jsonl" >"$work/row"
}
# Reductions: LARGE_COUNTS=yes means that the MPI library has large counts (MPI 4), so that "unsupported" is a failure. Without them nothing
# is measured, which is status 5.
reduction() {
    if [ "${LARGE_COUNTS:-no}" = yes ]; then huge "$@" 0 || return; else huge "$@" 5 || return; fi
    if python3 - "$work/row" "${LARGE_COUNTS:-no}" >"$work/out" <<'PY'
import json, sys
case = json.load(open(sys.argv[1]))
large = sys.argv[2] == "yes"
if large: assert case["status"] == "ok" and case["wrong"] == 0 and case["count"] >= 1 << 31, case
else: assert case["status"] == "unsupported" and "2147483647" in case["error"], case
print("every element is right" if large else "it is unsupported, with the reason: this MPI library has no large counts")
PY
    then ok "$(cat "$work/out")"; else not_ok "is right, or unsupported with the reason"; fi
}

if huge "a 5 GiB all-gather of int8 on 2 ranks" 14 2 all_gather 5G; then
    python3 - "$work/row" <<'PY' && ok "every element is right" || not_ok "every element is right"
import json, sys
case = json.load(open(sys.argv[1]))
assert case["status"] == "ok" and case["wrong"] == 0 and case["bytes"] == case["count"] == 5 << 30, case
PY
fi
reduction "an all-reduce of 2049 Mi int8 on 2 ranks" 14 2 all_reduce 2049M
reduction "a reduce of 2049 Mi int8 on 2 ranks" 14 2 reduce 2049M
# For reduce-scatter the size of a rank's part matters. MPI libraries need as much memory again for receive buffers.
reduction "a reduce-scatter of 2049 Mi int8 on 1 rank" 14 1 reduce_scatter 2049M
reduction "a reduce-scatter of 4 Gi int8 on 2 ranks" 22 2 reduce_scatter 4G
