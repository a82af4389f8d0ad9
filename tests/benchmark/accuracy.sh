#!/usr/bin/env bash
# isolated medians against a bare loop, alternating in one run: within 3 % at each of five sizes, medians of five runs
. "$(dirname "$0")/../lib.sh"
needs_built benchmark/accuracy
# pair PROGRAM…: runs two ranks that busy-wait, each on a separate core, as in a normal launch
pair() { SWEEP_RANKS=2 MPIRUN=$mpirun timeout 300 "$mpi_launcher" "$@"; }
wanted=5 most_runs=10
echo "2 ranks, all-reduce, float, sum, out of place, the same buffers every time; medians of the slowest rank's time, us;"
echo "ratio: median over 100 pairs of neighbouring blocks; scatter: the bare loop's interquartile range over its median"
: >"$work/all"
# Each size is judged separately: if the bare loop scatters by more than 20 % at one size of a run, that run does not count for this
# size, but it counts for the other sizes.
enough() { awk -v wanted=$wanted '{ seen[$1] = 1 } $5 <= 0.2 { n[$1]++ } END { for (b in seen) if (n[b] < wanted) exit 1 }' "$work/all"; }
for ((run = 1; run <= most_runs; run++)); do
    echo "run $run: bytes, busbar, bare, ratio, scatter"
    pair "$build/benchmark/accuracy" >"$work/run" 2>"$work/err" || { cat "$work/err"; exit 1; }
    [ "$(awk 'NF == 5' "$work/run" | wc -l)" -eq 5 ] || { echo "accuracy: not five sizes:"; cat "$work/run"; exit 1; }
    awk '{ print $0 ($5 > 0.2 ? "   not counted: the bare loop itself scattered" : "") }' "$work/run"
    cat "$work/run" >>"$work/all"
    if [ $run -ge $wanted ] && enough; then break; fi
done
echo
echo "bytes, runs judged, median ratio, furthest ratio (target: the median within 3 %)"
# For each size, the first five runs in which the bare loop scattered little.
sort -s -k1,1n "$work/all" | awk -v wanted=$wanted '
    function off(x) { return x > 1 ? x - 1 : 1 - x }
    function held(x) { return sprintf("%.4f", off(x)) + 0 <= 0.03 } # as printed: 1.0300 minus 1 is more than 0.03 in binary
    function middle(v, n,    i, j, t) {
        for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
        return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
    }
    function finish(    m) {
        if (bytes == "") return
        if (n < wanted) {
            printf "%8d    not judged: the bare loop itself scattered by %.0f %% (median of %d runs; %d of them within 20 %%)\n", bytes, 100 * middle(scatter, runs), runs, n
            return
        }
        m = middle(ratio, n)
        printf "%8d %4d %8.4f %8.4f  %s\n", bytes, n, m, furthest, held(m) ? "held" : "missed"
        judged++
        if (!held(m)) missed++
    }
    $1 != bytes { finish(); bytes = $1; n = runs = furthest = 0 }
    { scatter[++runs] = $5 }
    $5 <= 0.2 && n < wanted { ratio[++n] = $4; if (n == 1 || off($4) > off(furthest)) furthest = $4 }
    END {
        finish()
        if (!judged) { print "no size could be judged: this machine is too restless now"; exit 1 }
        printf "%d of %d judged sizes held\n", judged - missed, judged
        exit missed > 0
    }'
