#!/usr/bin/env bash
# ten launches on a quiet machine (largest over smallest median at most 1.15) and ten with a busy core (each within 1.20)
# If the bare loop varies more in the same minutes, the machine is the cause, and the row says so.
. "$(dirname "$0")/../lib.sh"
needs_built all_reduce benchmark/bare
# pair PROGRAM…: runs two ranks that busy-wait, each on a separate core, as in a normal launch
pair() { SWEEP_RANKS=2 MPIRUN=$mpirun timeout 300 "$mpi_launcher" "$@"; }
sizes=8,1K,64K,1M,4M
bytes=(8 1024 65536 1048576 4194304)

# launch NAME: one launch of all_reduce and, right after it, one of the bare loop.
launch() {
    pair "$build/all_reduce" --sizes $sizes --max-seconds 0.25 --output "$work/results" --run "${1%-*}" --launch "$1" \
        >/dev/null 2>"$work/err" || { cat "$work/err"; exit 1; }
    pair "$build/benchmark/bare" 0.25 "${bytes[@]}" >>"$work/bare-${1%-*}" 2>"$work/err" || { cat "$work/err"; exit 1; }
}

for i in 0 1 2 3 4 5 6 7 8 9; do launch quiet-$i; done
(while :; do :; done) &
busy=$!
trap 'kill $busy 2>/dev/null; rm -rf "$work"' EXIT
for i in 0 1 2 3 4 5 6 7 8 9; do launch busy-$i; done
kill $busy

python3 - "$work" <<'PY'
import glob, json, statistics, sys
work = sys.argv[1]
def read(run):
    launches = []
    for path in sorted(glob.glob(f"{work}/results/{run}/*.jsonl")):
        samples, aside = {}, {}
        for line in open(path):
            row = json.loads(line)
            if row["record"] == "case" and row.get("samples_us"):
                key = (row["requested_bytes"], row["placement"])
                samples.setdefault(key, []).extend(row["samples_us"])
                aside[key] = aside.get(key, 0) + row.get("preempted", 0)
        launches.append(({k: statistics.median(v) for k, v in samples.items()}, {k: aside[k] / (aside[k] + len(v)) for k, v in samples.items()}))
    return launches
def bare(run):
    rows = [[float(x) for x in line.split()] for line in open(f"{work}/bare-{run}")]
    return list(zip(*rows))
quiet, busy = read("quiet"), read("busy")
bare_quiet, bare_busy = bare("quiet"), bare("busy")
print("ten launches each, 2 ranks, medians in us; bare: the bare loop's, in the same seconds")
print("   bytes placement      quiet  max/min   bare         | busy: worst ratio to the quiet median, set aside   bare")
def judge(moved, target, bare):
    return "held" if moved <= target else "machine" if moved <= bare else "missed"
tally = {"held": 0, "machine": 0, "missed": 0}
for i, size in enumerate((8, 1024, 65536, 1048576, 4194304)):
    for placement in ("out_of_place", "in_place"):
        k = (size, placement)
        q, b = [m[k] for m, _ in quiet], [m[k] for m, _ in busy]
        middle = statistics.median(q)
        worst = max(max(x / middle, middle / x) for x in b)
        aside = statistics.mean(a[k] for _, a in busy)
        spread = max(q) / min(q)
        bq, bb = bare_quiet[i], bare_busy[i]
        bm = statistics.median(bq)
        bare_worst = max(max(x / bm, bm / x) for x in bb)
        said = judge(spread, 1.15, max(bq) / min(bq)), judge(worst, 1.20, bare_worst)
        for word in said: tally[word] += 1
        print(f"{size:8d} {placement:12s} {middle:8.3f}  {spread:7.3f}  {max(bq)/min(bq):6.3f} {said[0]:7s} |      {worst:6.3f}    {100*aside:4.1f} %        {bare_worst:6.3f} {said[1]}")
print(f"targets (1.15 quiet, 1.20 busy): {tally['held']} held; {tally['machine']} where the bare loop itself moved more than that, and more than busbar; {tally['missed']} missed")
sys.exit(0 if not tally["missed"] else 1)
PY
