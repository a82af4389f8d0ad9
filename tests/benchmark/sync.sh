#!/usr/bin/env bash
# each measure for accuracy, with it and without: window or barrier, passes, setting preempted samples aside, effective sample size
# PARTS='start passes aside stopping shares barrier' chooses; each takes under three minutes. This benchmark has no targets: its figures, on
# the machine at hand, are the reason for the defaults (README, Method).
. "$(dirname "$0")/../lib.sh"
needs_built all_reduce benchmark/sync benchmark/coverage benchmark/shares
set -o pipefail
launches=${LAUNCHES:-10}
# pair PROGRAM…: runs two ranks that busy-wait, each on a separate core, as in a normal launch
pair() {
    SWEEP_RANKS=2 MPIRUN=$mpirun timeout 300 "$mpi_launcher" "$@" 2>"$work/err" || { cat "$work/err" >&2; exit 1; }
}
echo "machine: $(uname -n), $(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1); 2 ranks, all-reduce, float, sum; us"

start() {
    for _ in $(seq "$launches"); do pair "$build/benchmark/sync" start >>"$work/start" || exit 1; done
    python3 - "$work/start" <<'PY'
import statistics as st, sys
rows = {}
for line in open(sys.argv[1]):
    v = [float(x) for x in line.split()]
    rows.setdefault(int(v[0]), []).append(v[1:])
print(f"\n--sync: medians over {len(rows[8])} launches (largest/smallest launch), 20 blocks of each in turns; apart: latest minus earliest start")
print("   bytes |   window   max/min    apart |  barrier   max/min    apart | barrier/window in neighbouring blocks (all launches)")
for size, r in rows.items():
    w, b, q, aw, ab = zip(*r)
    print(f"{size:8d} | {st.median(w):8.3f}  {max(w)/min(w):8.3f} {st.median(aw):8.3f} | {st.median(b):8.3f}  {max(b)/min(b):8.3f} {st.median(ab):8.3f} | {st.median(q):6.3f} ({min(q):.3f}-{max(q):.3f})")
PY
}

passes() {
    for i in $(seq "$launches"); do
        for n in 1 5 10; do
            pair "$build/all_reduce" --backend mpi --sizes 8,1K,64K,1M,4M --passes "$n" --precision 0.01 --max-seconds 0.2 -c 0 --output "$work/results" \
                --run "passes-$n" --launch "$i" >/dev/null || exit 1
        done
    done
    python3 - "$work/results" <<'PY'
import glob, json, math, statistics as st, sys
medians = {}
for n in (1, 5, 10):
    for path in glob.glob(f"{sys.argv[1]}/passes-{n}/*.jsonl"):
        samples = {}
        for row in map(json.loads, open(path)):
            if row.get("samples_us"): samples.setdefault((row["requested_bytes"], row["placement"]), []).extend(row["samples_us"])
        for key, us in samples.items(): medians.setdefault(key, {}).setdefault(n, []).append(st.median(us))
spread = {key: {n: max(v) / min(v) for n, v in by.items()} for key, by in medians.items()}
deviation = {key: {n: st.stdev(math.log(x) for x in v) for n, v in by.items()} for key, by in medians.items()}
print(f"\n--passes: largest over smallest of {len(next(iter(medians.values()))[1])} launches' medians, and their standard deviation in %; launches in turns, the same time for each case")
print("   bytes placement       1 pass           5 passes         10 passes")
for key in sorted(medians):
    print(f"{key[0]:8d} {key[1]:12s}" + "".join(f"  {spread[key][n]:6.3f} ({100 * deviation[key][n]:4.1f} %)" for n in (1, 5, 10)))
print(f"{'geometric mean':21s}" + "".join(f"  {math.exp(st.mean(math.log(s[n]) for s in spread.values())):6.3f} ({100 * math.exp(st.mean(math.log(max(d[n], 1e-4)) for d in deviation.values())):4.1f} %)" for n in (1, 5, 10)))
PY
}

aside() {
    for _ in $(seq "$launches"); do
        pair "$build/benchmark/sync" aside | sed 's/^/quiet /' >>"$work/aside" || exit 1
        (while :; do :; done) &
        busy=$!
        trap 'kill $busy 2>/dev/null; rm -rf "$work"' EXIT
        pair "$build/benchmark/sync" aside | sed 's/^/busy /' >>"$work/aside" || exit 1
        kill $busy
        wait $busy 2>/dev/null
    done
    python3 - "$work/aside" <<'PY'
import statistics as st, sys
rows = {}
for line in open(sys.argv[1]):
    words = line.split()
    v = [float(x) for x in words[1:]]
    rows.setdefault(int(v[0]), {}).setdefault(words[0], []).append(v[1:])
print("\nSamples during which a thread was scheduled away, with a busy core (a third process that spins) against the quiet launches beside them:")
print("median: worst launch against the quiet median; 99 %: the 99th percentile over the quiet one, median launch; longest: median launch, us")
print("   bytes | set aside: median   99 %   longest | kept: median   99 %   longest | share set aside")
for size, by in rows.items():
    quiet, busy, cells = by["quiet"], by["busy"], []
    for at in (0, 4):
        middle, tail = st.median(r[at] for r in quiet), st.median(r[at + 1] for r in quiet)
        worst = max(max(r[at] / middle, middle / r[at]) for r in busy)
        cells.append(f"{worst:8.3f} {st.median(r[at + 1] for r in busy) / tail:6.2f} {st.median(r[at + 2] for r in busy):9.1f}")
    print(f"{size:8d} |         {cells[0]} |    {cells[1]} | {100 * st.median(r[8] for r in busy):5.2f} %")
PY
}

stopping() {
    printf '\nStopping at 1 %%: the naive interval takes consecutive samples for independent, nominally 95 %% of intervals hold the median\n'
    printf 'simulated: autocorrelation rho from each sample to the next; recorded: 20 series of %s samples, what is to be held is the median of the series\n' 20000
    echo "rule       series            stops  samples   held %   median within 1 %, %"
    "$build/benchmark/coverage" || exit 1
    for size in 8 65536; do
        for i in $(seq 20); do pair "$build/benchmark/sync" series $size 20000 >"$work/series-$size-$i" || exit 1; done
        "$build/benchmark/coverage" "recorded-${size}B" "$work"/series-$size-* || exit 1
    done
}

# Long launches of 40 passes; both rules are replayed on the same samples (tests/benchmark/loop/shares.c).
shares() {
    local sizes=8,1K,64K,1M
    for i in $(seq "$launches"); do
        pair "$build/all_reduce" --backend mpi --sizes $sizes --placement out_of_place --passes 40 -n 40000 --max-seconds 60 --seed "$i" -c 0 \
            --output "$work/results" --run shares --launch "$i" >/dev/null || exit 1
    done
    python3 - "$work" <<'PY'
import glob, json, sys
for path in glob.glob(f"{sys.argv[1]}/results/shares/*.jsonl"):
    launch = path.rsplit("/", 1)[1].removesuffix(".jsonl")
    for row in map(json.loads, open(path)):
        if row.get("samples_us"):
            with open(f"{sys.argv[1]}/shares-{row['requested_bytes']}-{launch}", "a") as file: print(*row["samples_us"], file=file)
PY
    printf '\nPrecision of 1 %% judged on all samples together, or shared by five passes: %s long launches, replayed\n' "$launches"
    echo "bytes      rule      launches  samples  first, %  error, %: median, mean, largest"
    for size in 8 1024 65536 1048576; do "$build/benchmark/shares" $size "$work"/shares-$size-* || exit 1; done
}

barrier() { python3 "$(dirname "$0")/barrier.py" || exit 1; }

for part in ${PARTS:-start passes aside stopping shares barrier}; do
    case $part in
    start | passes | aside | stopping | shares | barrier) $part ;;
    *) echo "PARTS: '$part' is not one of start, passes, aside, stopping, shares, barrier" >&2 && exit 2 ;;
    esac
done
