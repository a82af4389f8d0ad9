#!/usr/bin/env bash
# isolated medians against a bare loop, alternating in one run: within 3 % at five sizes, five runs
. "$(dirname "$0")/../lib.sh"
# pair PROGRAM…: two ranks that spin while they wait, each on a core of its own, as people start them
pair() { OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 timeout 300 "${MPIRUN:-mpirun}" -np 2 "$@"; }
echo "2 ranks, all-reduce, float, sum, out of place, the same buffers every time; medians of the slowest rank's time, us"
echo "   bytes     busbar       bare    ratio"
for run in 1 2 3 4 5; do
    echo "run $run"
    pair "$build/benchmark/accuracy" 2>"$work/err" | tee -a "$work/all" || { cat "$work/err"; exit 1; }
done
worst=$(awk '{ d = $4 > 1 ? $4 - 1 : 1 - $4; if (d > w) w = d } END { if (NR != 25) print "missing"; else printf "%.2f", 100 * w }' "$work/all")
echo "largest difference: $worst % (target: 3 %)"
awk -v w="$worst" 'BEGIN { exit !(w != "missing" && w <= 3) }'
