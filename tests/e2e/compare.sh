#!/usr/bin/env bash
# busbar compare, contract and baseline on simulated launches of known variance.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
busbar=$PWD/$build/busbar
make_archive=$PWD/tests/benchmark/make-archive
"$make_archive" "$work/a" --runs base,new,slow --cases 12 --launch-sigma 0.004 --sigma 0.02 --samples 60 --seed 3 \
    --effect slow:3:1.1 --effect slow:5:0.85
cd "$work" || exit 1

csv() { # FILE CASE COLUMN: prints a column, by number, of the CSV row of 8 * 2^CASE bytes
    python3 -c 'import csv,sys
rows = {int(r["key"].split("/")[3]): r for r in csv.DictReader(open(sys.argv[1]))}
print(rows[8 << int(sys.argv[2])][sys.argv[3]])' "$1" "$2" "$3"
}
# edit FROM TO PYTHON: copies a folder of records. The code may change each line r of file number f (from 0), or drop it: keep = False.
edit() {
    python3 - "$@" <<'END'
import json, os, sys
source, target, code = sys.argv[1:]
os.makedirs(target, exist_ok=True)
for f, name in enumerate(sorted(os.listdir(source))):
    with open(f"{target}/{name}", "w") as out:
        for line in open(f"{source}/{name}"):
            r = json.loads(line)
            keep = {"r": r, "f": f, "keep": True}
            exec(code, keep)
            if keep["keep"]:
                out.write(json.dumps(r) + "\n")
END
}

expect_status "an equal run passes" 0 "$busbar" compare a/base a/new
expect_status "a slow case fails the gate" 1 "$busbar" compare a/base a/slow --format csv
cp out slow.csv
equal "the slow case is named a regression" "$(csv slow.csv 3 verdict)" regression
equal "the fast case is named an improvement" "$(csv slow.csv 5 verdict)" improvement
equal "another case is the same" "$(csv slow.csv 0 verdict)" same
expect_status "exchanged sides mirror the verdicts" 1 "$busbar" compare a/slow a/base --format csv
equal "mirrored: improvement" "$(csv out 3 verdict)" improvement
equal "mirrored: regression" "$(csv out 5 verdict)" regression
expect_status "a tolerance above the effect" 0 "$busbar" compare --delta 20% a/base a/slow
"$busbar" compare a/base a/slow --format markdown >comment.md
check "a comment begins with the verdict, and folds what does not fail" python3 -c '
import csv, math
rows = list(csv.DictReader(open("slow.csv")))
mean = math.exp(sum(math.log(float(r["ratio"])) for r in rows) / len(rows))
first, _, *rest = open("comment.md").read().split("\n")
assert first == f"**busbar: FAIL** (1 regression, 1 improvement, {len(rows) - 2} same); geometric mean of the ratios {mean:.3f} over 12 cases", first
rest = "\n".join(rest)
before, after = rest.split("<details>")
assert before.count("regression") == 1 and "improvement" not in before and after.count("| same") == 10 and after.rstrip().endswith("</details>"), rest
assert "/" not in before, before'
expect_status "a comment without a baseline" 5 "$busbar" compare --format markdown nosuch a/slow
has "says so" "**busbar: no verdict, because there is no baseline nosuch.**" out
"$busbar" compare a/base a/slow --format json >1.json
"$busbar" compare a/base a/slow --format json >2.json
identical "the same input gives the same bytes" 1.json 2.json

# Computes the interval from its definition, without the program's code: the shifts that a one-sided permutation test at 5 % does
# not reject, over all 924 relabellings of 6 + 6 launches; each end to within 0.02 %.
python3 - <<'END' >oracle.txt
import csv, glob, json, math, statistics
from itertools import combinations
def medians(run, case):
    return [statistics.median([r for r in map(json.loads, open(f)) if r.get("requested_bytes") == 8 << case][0]["samples_us"])
            for f in sorted(glob.glob(f"a/{run}/*.jsonl"))]
def sigma(deviations, fitted):
    return 1.482602218505602 * statistics.median(deviations) * len(deviations) / (len(deviations) - 1.2 * fitted)
def statistic(x, y):
    off = [[abs(v - statistics.median(s)) for v in s] for s in (x, y)]
    pooled = sigma(off[0] + off[1], 2)
    far = [(d / (4 * max(pooled, sigma(off[s], 1))), s, i) for s in (0, 1) for i, d in enumerate(off[s])]
    worst = max(far)
    x, y = ([v for i, v in enumerate(side) if not (worst[0] > 1 and (s, i) == worst[1:])] for s, side in enumerate((x, y)))
    error = math.sqrt(statistics.variance(x) / len(x) + statistics.variance(y) / len(y))
    return (statistics.mean(y) - statistics.mean(x)) / error
def p_above(base, new, shift): # of "the shift is at most this"
    values = [math.log(v) for v in base] + [math.log(v) - shift for v in new]
    observed = statistic(values[:6], values[6:])
    every = [statistic([values[i] for i in range(12) if i not in c], [values[i] for i in c]) for c in combinations(range(12), 6)]
    return sum(t >= observed - 1e-9 for t in every) / 924
rows = {int(r["key"].split("/")[3]): r for r in csv.DictReader(open("slow.csv"))}
for case in (0, 3, 5):
    row, base, new = rows[8 << case], medians("base", case), medians("slow", case)
    ratio = statistics.median(b / a for a in base for b in new)
    for name, expected in (("base_us", statistics.median(base)), ("new_us", statistics.median(new)), ("ratio", ratio)):
        if abs(float(row[name]) / expected - 1) > 1e-4:
            print(f"case {case}: {name} is {row[name]}, expected {expected}")
    lo, hi = math.log(float(row["lo"])), math.log(float(row["hi"]))
    if not p_above(base, new, lo - 2e-4) < 0.05 <= p_above(base, new, lo + 2e-4):
        print(f"case {case}: the interval's lower end is not {row['lo']}")
    if not p_above(new, base, -hi - 2e-4) < 0.05 <= p_above(new, base, -hi + 2e-4):
        print(f"case {case}: the interval's upper end is not {row['hi']}")
print("recomputed:", len(rows), "cases")
END
equal "medians, ratios and intervals as recomputed from the files" "$(cat oracle.txt)" "recomputed: 12 cases"

edit a/new believed 'if r["record"] == "case": r["median_us"] = 1e-3'
expect_status "stored medians are not believed" 0 "$busbar" compare a/base believed
edit a/new missing 'if r.get("requested_bytes") == 64: keep = False'
expect_status "a missing case fails" 1 "$busbar" compare a/base missing
has "a missing case is named" "missing" out
edit a/new nosamples 'if r.get("requested_bytes") == 64: r["samples_us"] = []'
expect_status "a case without samples fails" 1 "$busbar" compare a/base nosamples
edit a/new wrong 'if r.get("requested_bytes") == 64 and f == 2: r["status"] = "wrong"; r["wrong"] = 3'
expect_status "wrong data fails" 1 "$busbar" compare a/base wrong
has "wrong data names the launch" "wrong data in launch launch-002" out
edit wrong wrong2 'if r.get("requested_bytes") == 64 and f == 1: r["status"] = "timeout"; r["samples_us"] = []
if r.get("requested_bytes") == 64 and f == 2: r["wrong"] = 0'
expect_status "wrong data weighs more than a timeout before it" 1 "$busbar" compare a/base wrong2
has "and is what the row says" "new: wrong data in launch launch-002" out
expect_status "wrong data in the base fails too" 1 "$busbar" compare wrong a/base
edit a/new broken 'if r.get("requested_bytes") == 64 and f == 2: r["status"] = "timeout"; r["samples_us"] = []; r["error"] = "rank 3"'
expect_status "a case that timed out in one launch fails" 1 "$busbar" compare a/base broken
edit a/new died 'if f == 1 and r["record"] == "end": keep = False'
expect_status "a launch that died fails" 1 "$busbar" compare a/base died
has "a launch that died is named" "launch-001.jsonl died" out
expect_status "as CSV too" 1 "$busbar" compare --format csv a/base died
has "where the reason is beside the rows" "launch-001.jsonl died" err
edit a/new stopped 'if f == 1 and r["record"] == "end": r["status"] = "interrupted"'
expect_status "an interrupted launch fails" 1 "$busbar" compare a/base stopped
cp -r a/new torn; echo '{"record":"case",' >>torn/launch-000.jsonl
expect_status "a broken line fails" 1 "$busbar" compare a/base torn
edit a/new unsupported 'if r.get("requested_bytes") == 64: r["status"] = "unsupported"; r["samples_us"] = []'
expect_status "what became unsupported is missing" 1 "$busbar" compare a/base unsupported
edit a/base lacking 'if r.get("requested_bytes") == 64: r["status"] = "unsupported"; r["samples_us"] = []'
expect_status "what neither side supports is left out" 0 "$busbar" compare lacking unsupported
edit a/base fewer 'if r.get("requested_bytes") == 64: keep = False'
expect_status "a new case is shown, not gated" 0 "$busbar" compare fewer a/new --format csv
equal "a new case is not comparable" "$(csv out 3 verdict)" "not comparable"

edit a/new mean 'if r["record"] == "case": r["statistic"], r["time_us"], r["rank_reduction"] = "mean", 99.0, "mean"; del r["samples_us"]'
expect_status "an imported mean against a measured median is no gate" 1 "$busbar" compare a/base mean --format csv
equal "unlike statistics are marked" "$(csv out 0 verdict)" "not comparable"
edit mean alien 'if r["record"] == "case": r["key"] += "/import"; del r["mode"]'
expect_status "unlike statistics under another key: nothing to compare fails" 1 "$busbar" compare a/base alien --format csv
equal "unlike statistics under another key are one row" "$(csv out 0 verdict)" "not comparable"

# Rows of mode nccl-tests beside imported tables of nccl-tests.
edit a/new timed 'if r["record"] == "case": r["mode"] = "nccl-tests"; r["samples_us"] = [90, 90, 120]; r.pop("key", None)'
edit a/base timed-before 'if r["record"] == "case": r["mode"] = "nccl-tests"; r["samples_us"] = [90, 90, 120]; r.pop("key", None)'
edit timed table 'if r["record"] == "case":
    for key in ("mode", "sync", "cache", "samples_us", "key"): r.pop(key, None)
    r.update(time_us=80, statistic="mean", rank_reduction="mean", includes_launch=True)'
expect_status "the same case in another mode is missing, not compared" 1 "$busbar" compare a/base timed --format csv
equal "the base case is missing" "$(csv out 0 verdict)" missing
expect_status "the mean of samples" 0 "$busbar" compare timed-before timed --format csv
equal "is the figure" "$(csv out 0 base_us) $(csv out 0 statistic) $(csv out 0 verdict)" "100 mean same"
expect_status "a table of nccl-tests beside them: shown, not gated" 1 "$busbar" compare table timed --format csv
equal "in one row" "$(csv out 0 verdict) $(csv out 0 base_us) $(csv out 0 new_us)" "not comparable 80 100"

mkdir few && cp a/base/launch-00[0-2].jsonl few/
mkdir fresh3 && cp a/slow/launch-00[0-2].jsonl fresh3/
expect_status "3 + 3 are undecided, not ok" 0 "$busbar" compare few fresh3
has "3 + 3: no ok" "not all decided" out
has "it says how many would decide" "3 + 3 launches decide nothing: 3 + 4 could" out
expect_status "strict fails 3 + 3" 1 "$busbar" compare --strict few fresh3

"$make_archive" "$work/t" --cases 4 --launches 9 --interleave --launch-sigma 0.004 --sigma 0.02 --samples 60 --effect new:1:1.08
expect_status "launches that took turns are found" 1 "$busbar" compare --strict t/base t/new
has "turns are noted" "took turns" out
has "so is an order that never changes" "base ran first in all 9 pairs" out
has "nine pairs are analysed as pairs" "pairs of launches" out
expect_status "strict accepts turns; unpaired on demand" 1 "$busbar" compare --strict --paired no t/base t/new --format json
cp out unpaired.json
check "unpaired on demand" python3 -c 'import json; assert {c["paired"] for c in json.load(open("unpaired.json"))["cases"]} == {False}'
mkdir t/mixed && cp t/base/*.jsonl t/mixed/ && sed -i '1s/T00:16:00Z/T00:17:30Z/' t/mixed/launch-008.jsonl
expect_status "a pair in the other order" 1 "$busbar" compare t/mixed t/new
has "is a turn, too" "took turns" out
lacks "and the order is not noted" "ran first" out
for n in 6 7; do
    "$make_archive" "$work/t$n" --cases 2 --launches $n --interleave --launch-sigma 0.004 --sigma 0.02 --samples 60
    "$busbar" compare "t$n/base" "t$n/new" --format json >"t$n.json"
done
check "from seven pairs on" python3 -c 'import json; assert [{c["paired"] for c in json.load(open(f"t{n}.json"))["cases"]} for n in (6, 7)] == [{False}, {True}]'
expect_status "pairs that are none are refused" 2 "$busbar" compare --paired yes a/base a/new
has "refusal names the reason" "take turns" err
expect_status "one allocation under strict" 1 "$busbar" compare --strict a/base a/new
has "strict names the allocations" "four allocations a side" out
"$make_archive" "$work/m" --cases 4 --launches 12 --allocations 4 --launch-sigma 0.003 --sigma 0.02 --samples 60
expect_status "four allocations satisfy strict" 0 "$busbar" compare --strict m/base m/new
# Launches on 1, 2, 4 and 8 nodes have four sets of hosts, but of each number of nodes there is one allocation: one job, or no job at all.
for job in 'r["allocation"]["id"] = "job"' 'del r["allocation"]["id"]'; do
    for side in base new; do
        edit m/$side nodes/$side "
n = 1 << f % 4
if r['record'] == 'launch': $job; r['allocation']['hosts_hash'] = 'hosts%d' % n; r['world']['nodes'] = n
if r['record'] == 'case': r['nodes'] = n; r['key'] = r['key'].replace('nodes=1', 'nodes=%d' % n)"
    done
    expect_status "strict counts the allocations of each number of nodes" 1 "$busbar" compare --strict nodes/base nodes/new
    has "and says how many" "base has 1, new has 1" out
    "$busbar" show --format json nodes/base >shown.json
    check "one allocation in show" python3 -c 'import json; assert {c["allocations"] for r in json.load(open("shown.json")) for c in r["cases"]} == {1}'
    check "and of the run" grep -q "on 1 allocation" <("$busbar" show nodes/base)
done
expect_status "one allocation is said to confound" 0 "$busbar" compare a/base a/new
has "confounding line" "confounded with the allocation" out

# ---- outliers, tails, censoring, units ----
medians() { # DIR MEDIAN…: writes one launch per median; its only case has that median, in us
    local dir=$1 i=0
    shift
    mkdir -p "$dir.from"
    for _ in "$@"; do cp "a/base/launch-000.jsonl" "$dir.from/launch-$(printf '%03d' $i).jsonl"; i=$((i + 1)); done
    MEDIANS="$*" edit "$dir.from" "$dir" 'import os
m = float(os.environ["MEDIANS"].split()[f])
if r["record"] == "launch": r.update(run=os.environ["DIR"], launch=f"launch-{f:03d}", started=f"2026-11-{1 + f:02d}T0{f}:12:00Z")
if r["record"] == "launch" and m > 800: r["world"]["hosts"] = [{"name": "h9", "ranks": 4}]
if r["record"] == "case": keep = r["requested_bytes"] == 64; r["samples_us"] = [m * (1 + 0.001 * (i % 5 - 2)) for i in range(60)]; r["preempted"] = 30 if m > 800 else 0'
}
DIR=known medians known 855 442 438 449 429 432
DIR=knownnew medians knownnew 561 580 602 625 655 686
expect_status "a regression beside an outlier of the base" 1 "$busbar" compare known knownnew --format csv
equal "it is named one" "$(csv out 3 verdict)" regression
cp out known.csv
check "its interval lies beyond the tolerance" python3 -c 'import csv; r = next(csv.DictReader(open("known.csv"))); assert float(r["lo"]) > 1.03 and float(r["p"]) < 0.05, r'
expect_status "the outlier is named" 1 "$busbar" compare --wide known knownnew
has "with how far it is off" "base launch launch-000 (known/launch-000.jsonl) stands apart in 1 of 1 case, at most 1.94 times" out
has "with its host" "it ran on h9 (others: sim" out
has "with its samples set aside" "33 % of its samples set aside (others 0 %)" out
has "with its time" "started 2026-11-01 00:12 (others 2026-11-02 01:12 to 2026-11-06 05:12)" out
DIR=among medians among 442 438 449 855 429 432
expect_status "an outlier that started between the others" 1 "$busbar" compare --wide among knownnew
has "is named" "base launch launch-003 (among/launch-003.jsonl) stands apart" out
check "without its time, which is not special" test "$(grep -c 'launch-003.*; started' out)" -eq 0

edit a/new oneslow 'if r["record"] == "case" and f == 4: r["samples_us"] = [2 * s for s in r["samples_us"]]'
expect_status "one new launch twice as slow is not the same" 0 "$busbar" compare a/base oneslow --format csv
equal "it is inconclusive" "$(csv out 0 verdict)" inconclusive
has "and named" "launch launch-004 took 2" out
edit a/new heavytail 'if r["record"] == "case": r["samples_us"] = [10 * s if i % 10 < 3 else s for i, s in enumerate(sorted(r["samples_us"]))]'
expect_status "30 % of operations ten times slower" 1 "$busbar" compare a/base heavytail --format csv
equal "are a regression" "$(csv out 0 verdict)" regression
has "by the tail" "its 95th percentile is slower" out
edit a/new skipped 'if r.get("requested_bytes") == 16384 and f >= 3: r["status"] = "skipped"; r["samples_us"] = []'
expect_status "a case skipped in some launches fails" 1 "$busbar" compare a/base skipped --format csv
equal "it is missing" "$(csv out 11 verdict)" missing
has "how often is said" "3 of 6 new launches have no figure" out
expect_status "in the base too" 1 "$busbar" compare skipped a/new
edit a/new nothing 'if f == 3: keep = r["record"] != "case"'
expect_status "a launch that measured nothing fails" 1 "$busbar" compare a/base nothing
has "and is named" "launch-003.jsonl measured nothing" out
edit a/new elsewhere 'if r["record"] == "case" and f >= 3: r["key"] += "/domains=2"; r["domains"] = 2'
expect_status "launches under other conditions fail, whatever the others say" 1 "$busbar" compare a/base elsewhere
has "how many and which is said" "3 new launches ran under other conditions" out
mkdir three && cp a/slow/launch-00[0-2].jsonl three/
expect_status "6 + 3 launches: too few to tell their scatter" 1 "$busbar" compare a/base three
has "which a note says" "a side has fewer than four launches" out

"$make_archive" "$work/c" --runs base,new,slow --cases 4 --launch-sigma 0.003 --sigma 0.02 --samples 60 --effect slow:1:1.2
expect_status "one allocation a side: the verdict says so" 1 "$busbar" compare c/base c/slow
has "the verdict itself" "regression, confounded with the allocation" out
check "and no p, which would not hold" grep -qE '^ +base +new +ratio +interval$' out
for pair in "c/base c/slow True" "a/base sameallocation False"; do
    read -r from to confounded <<<"$pair"
    [ -d "$to" ] || edit a/new "$to" 'if r["record"] == "launch": r["allocation"] = {"id": "sim-base-0", "hosts_hash": "sim-base-0"}'
    "$busbar" compare "$from" "$to" --format json >confounded.json
    check "JSON says of the comparison what it says of its cases: $confounded" python3 -c 'import json, sys
r = json.load(open("confounded.json"))
assert {r["confounded_with_allocation"]} == {c["confounded_with_allocation"] for c in r["cases"]} == {sys.argv[1] == "True"}' "$confounded"
done
"$busbar" compare a/base sameallocation >out
has "one allocation, measured twice, is noted" "one allocation, base and new one after the other" out
edit a/new calm 'if r["record"] == "case": m = sorted(r["samples_us"])[30]; r["samples_us"] = [5 * (1 + r["requested_bytes"] / 8192) * (1 + 1e-5 * f)] * 60'
"$busbar" compare --wide a/base calm >out 2>err
check "how much less new scatters" grep -qE "new scatters otherwise than base in [0-9]+ cases?, by up to [0-9.e+]+ times less" out
DIR=one medians one 561
expect_status "6 + 1 launches decide nothing" 0 "$busbar" compare known one
has "and how many could" "6 + 1 launches decide nothing: 6 + 2 could" out
"$make_archive" "$work/u" --runs base,new,slow --cases 4 --launches 12 --allocations 4 --launch-sigma 0.003 --sigma 0.02 --samples 60 --effect slow:1:1.2
expect_status "allocations are the unit" 1 "$busbar" compare u/base u/slow --format csv
equal "which the row says" "$(csv out 1 unit)" allocation
equal "and finds what is slower" "$(csv out 1 verdict)" regression
"$make_archive" "$work/v" --runs base,new,slow --cases 4 --launches 12 --allocations 3 --launch-sigma 0.003 --sigma 0.02 --samples 60 --effect slow:1:1.2
expect_status "three allocations a side find what is slower" 1 "$busbar" compare --format csv v/base v/slow
equal "in its case" "$(csv out 1 unit) $(csv out 1 verdict) $(csv out 0 verdict)" "allocation regression same"
expect_status "which strict refuses" 1 "$busbar" compare --strict v/base v/new
expect_status "but not an equal run" 0 "$busbar" compare v/base v/new
has "by the test that the heading names" "Student's t, Holm" out
# A baseline of some allocations and one new job.
for n in 1 2 3; do
    "$make_archive" "$work/job$n" --runs now,slow --cases 4 --launches 4 --launch-sigma 0.003 --sigma 0.02 --samples 60 --seed "$n" \
        --effect slow:0:2 --effect slow:1:2 --effect slow:2:2 --effect slow:3:2
    edit "job$n/now" "night$n" 'if r["record"] == "launch": r["allocation"]["id"] = r["allocation"]["hosts_hash"] = "night'"$n"'"'
done
expect_status "three nights against a job that is 2.0 times slower" 1 "$busbar" compare --base night1 --base night2 --base night3 --new job1/slow
has "all its cases are regressions" "4 regressions: FAIL" out
expect_status "one night against three" 1 "$busbar" compare --base job2/now --new job1/slow --new job2/slow --new job3/slow --format csv
expect_status "three nights against an equal job" 0 "$busbar" compare --base night1 --base night2 --base night3 --new job1/now
expect_status "two nights and a job cannot be told apart: no silent 0" 1 "$busbar" compare --base night1 --base night2 --new job1/now
has "one line says what is missing" "FAIL: no case can be decided: base has 2 allocations, new has 1; measure" out
mkdir nights && for n in 1 2; do cp -r "night$n" nights/; done
expect_status "nor by check-regression" 1 env BASE="$work/nights" NEW="$work/job1/now" BUILD="$(dirname "$busbar")" "$OLDPWD/scripts/check-regression"
has "which says it too" "FAIL: no case can be decided" out
edit a/base constant 'if r["record"] == "case" and r["requested_bytes"] == 8: r["samples_us"] = [5.0] * 60'
edit a/slow constantslow 'if r["record"] == "case" and r["requested_bytes"] == 8: r["samples_us"] = [5.0] * 60'
cp constant/launch-005.jsonl constant/launch-006.jsonl
sed -i '1s/launch-005/launch-006/; 1s/:05:00Z/:55:00Z/' constant/launch-006.jsonl
expect_status "a regression beside a constant case, 7 + 6" 1 "$busbar" compare constant constantslow --format csv
equal "is found" "$(csv out 3 verdict)" regression
equal "and the constant case is the same" "$(csv out 0 verdict)" same

edit a/base h100 'if r["record"] == "launch": r["cloud"] = {"instance": "p5.48xlarge"}; r["facts"]["gpu"] = {"model": "H100"}; r["env"] = {"NCCL_ALGO": "Ring"}'
edit a/new h200 'if r["record"] == "launch": r["cloud"] = {"instance": "p5en.48xlarge"}; r["facts"]["gpu"] = {"model": "H200"}; r["env"] = {"NCCL_ALGO": "Tree"}'
expect_status "another instance is refused" 2 "$busbar" compare h100 h200
expect_status "unless allowed" 0 "$busbar" compare --allow-different h100 h200
has "differences are listed" "env.NCCL_ALGO: Ring → Tree" out
edit h200 h200same 'if r["record"] == "launch": r["cloud"] = {"instance": "p5.48xlarge"}'
expect_status "another GPU is refused" 2 "$busbar" compare h100 h200same
expect_status "the same launch twice on a side is refused" 2 "$busbar" compare --base a/base --base a/base --new a/new
edit a/new moved 'if r["record"] == "launch": r["started"] = r["started"].replace("2024", "2025"); r["allocation"]["id"] = "moved"'
expect_status "several paths a side" 0 "$busbar" compare --base a/base --base a/new --new a/new --new moved
has "launches on both sides are noted" "on both sides" out

edit a/new drifting 'if r["record"] == "case" and f == 0: n = len(r["samples_us"]); r["samples_us"] = [s * (1 + 0.3 * i / n) for i, s in enumerate(r["samples_us"])]'
"$busbar" compare a/base drifting >out 2>err
has "drift within a launch is flagged" "drift within a launch" out

edit a/slow gemm 'if r["record"] == "launch": r["launch"] += "m"
if r["record"] == "case": s = r["requested_bytes"]; del r["collective"], r["key"]; r.update(gemm="gemm", m=s, n=s, k=s, phase="burst", key=f"gemm/float/{s}x{s}x{s}/burst")'
edit a/base gemmbase 'if r["record"] == "launch": r["launch"] += "m"
if r["record"] == "case": s = r["requested_bytes"]; del r["collective"], r["key"]; r.update(gemm="gemm", m=s, n=s, k=s, phase="burst", key=f"gemm/float/{s}x{s}x{s}/burst")'
expect_status "matmul is gated too" 1 "$busbar" compare --show bandwidth gemmbase gemm
has "matmul's rate" "TFLOP/s" out
has "direction is said" "higher is better" out
mkdir -p two/base two/new && cp a/base/* two/base && cp a/new/* two/new
for f in gemmbase/*; do cp "$f" "two/base/matmul-${f##*/}"; done
for f in gemm/*; do cp "$f" "two/new/matmul-${f##*/}"; done
expect_status "launches of two drivers in one run" 1 "$busbar" compare two/base two/new --format json
cp out two.json
check "both drivers' launches keep their own groups" python3 -c 'import json
d = json.load(open("two.json")); v = [c["verdict"] for c in d["cases"]]
assert len(v) == 24 and v.count("regression") == 1 and v.count("improvement") == 1 and not d["failures"], v'

cat >ci.gate <<'END'
# what CI keeps
* delta=3%
all_reduce requested_bytes<=1K delta=12%   # small ones are noisy
all_reduce requested_bytes>=8K busbw_gbps>=0.5 median_us<=25
END
expect_status "the gate file's tolerance" 0 "$busbar" compare --gate ci.gate a/base a/slow
has "its limits are a contract" "busbw_gbps>=0.5" out
expect_status "a contract that holds" 0 "$busbar" contract --gate ci.gate a/base
for line in 'all_reduce busbw_gbps>=460' 'all_gather requested_bytes>=1G busbw_gbps>=1' 'all_reduce requested_bytes=8 p99_us<=1e9'; do
    echo "$line" >fail.gate
    expect_status "contract fails: $line" 1 "$busbar" contract --gate fail.gate a/base
done
has "a missing measurement is said" "was not measured" out
echo 'all_reduce busbw_gbps>=0' >zero.gate
expect_status "a limit of zero holds" 0 "$busbar" contract --format csv --gate zero.gate a/base
has "and has no margin, which would be a share of nothing" ',,pass' out
expect_status "a limit that fails beside rows as CSV" 1 "$busbar" compare --format csv --gate fail.gate a/base a/new
has "is said" "limits of the gate file failed" err
edit a/base modeless 'if r["record"] == "case": del r["mode"]'
printf '* mode!=isolated dtype!=\377x median_us<=1e9\n' >other.gate
expect_status "what a case does not tell fulfils no condition" 1 "$busbar" contract --gate other.gate modeless
printf '* dtype!=\377x median_us<=1e9\n' >latin1.gate
expect_status "a gate file that is not UTF-8, as JSON" 0 "$busbar" contract --format json --gate latin1.gate a/base
echo '* median_us<=1e9' >ok.gate
for format in text markdown json junit csv; do
    expect_status "a contract over a launch that died fails, as $format" 1 "$busbar" contract --format $format --gate ok.gate died
    says "and names it" "launch-001.jsonl died"
done
expect_status "a contract over wrong data fails" 1 "$busbar" contract --gate ok.gate wrong
for line in 'all_reduce' 'all_reduce busbw>=460' 'all_reduce ranks=x delta=1%' 'all_reduce delta=300%' 'requested_bytes>=1 delta=3%' \
    'all_reduce dtype>float delta=3%' 'all_reduce busbw_gbps=460' 'all_reduce requested_bytes>=1Q delta=3%' 'all_reduce >=3'; do
    printf '\n%s\n' "$line" >bad.gate
    expect_status "no rule: $line" 2 "$busbar" contract --gate bad.gate a/base
    has "names file and line" "bad.gate:2:" err
done
: >empty.gate
expect_status "an empty gate file is refused" 2 "$busbar" compare --gate empty.gate a/base a/new

# shellcheck disable=SC2016 # a backquote is data here
edit a/new hostile 'if r["record"] == "launch": r["launch"] = "<script>&\"`x`\u0007\uffff"; r["env"] = {"NCCL_<b>": "<script>\n`x` " + "y" * 10000}
if r["record"] == "case": r["key"] += "/<b>\u0001]]>"'
edit a/base hostilebase 'if r["record"] == "case": r["key"] += "/<b>\u0001]]>"'
edit hostile hostile2 'if r.get("requested_bytes") == 64: r["status"] = "error"; r["error"] = "<oops>\u0000\u0002 & \"quotes\""; r["samples_us"] = []'
for format in junit json csv markdown text; do
    expect_status "hostile strings as $format" 1 "$busbar" compare --gate ci.gate --format $format hostilebase hostile2
    cp out "hostile.$format"
done
check "JUnit is XML" python3 -c 'import xml.etree.ElementTree as E
suites = E.parse("hostile.junit").getroot(); s = suites[0]
assert int(s.get("tests")) == len(s.findall("testcase")) and int(s.get("failures")) == len(s.findall("testcase/failure")) > 0
assert int(s.get("skipped")) == len(s.findall("testcase/skipped"))'
check "no live markup in markdown" python3 -c 'import re; text = re.sub("</?(details|summary)>", "", open("hostile.markdown").read())
assert "NCCL" in text and not re.search(r"<[a-z]|(?<!\\)`", text) and max(map(len, text.splitlines())) < 3000, text'
check "JSON is JSON" python3 -c 'import json; assert json.load(open("hostile.json"))["pass"] is False'
check "no control characters on the terminal" python3 -c 'text = open("hostile.text").read(); assert "<b> ]]>" in text and not any(c < " " and c != "\n" for c in text)'

check "a baseline is saved" "$busbar" baseline save --allow-simulated good a/base
check "it compares by its name" "$busbar" compare good a/new
"$busbar" compare a/base a/slow --format csv >direct.csv; "$busbar" compare good a/slow --format csv >kept.csv
identical "with the same figures" direct.csv kept.csv
cp -r results/baselines/good first
check "it is saved again" "$busbar" baseline save --allow-simulated --replace good a/base
check "with the same bytes" diff -r first results/baselines/good
check "a thin baseline is saved" "$busbar" baseline save --allow-simulated --thin thin a/base
"$busbar" compare thin a/slow --format csv >thin.csv
identical "it compares with the same figures" direct.csv thin.csv
check "in less than a kilobyte for a case of a launch" python3 -c 'import glob
lines = [line for f in glob.glob("results/baselines/thin/*.jsonl") for line in open(f) if "\"record\":\"case\"" in line]
assert lines and max(map(len, lines)) < 1000, max(map(len, lines))'
cp -r results/baselines/thin first-thin; cp -r a/base refreshed; again=$(find refreshed -name '*.jsonl' | sort | head -n 1)
python3 - "$again" <<'END'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
for line in lines:
    if "samples_us" in line: line["samples_us"] = [us + 1 for us in line["samples_us"]]
open(sys.argv[1], "w").write("".join(json.dumps(line) + "\n" for line in lines))
END
check "one launch is measured again, and it is saved again" "$busbar" baseline save --allow-simulated --thin --replace thin refreshed
equal "only its file changes" "$(diff -rq first-thin results/baselines/thin | wc -l)" 1
rm -r results/baselines/thin
expect_status "it is not overwritten" 2 "$busbar" baseline save --allow-simulated good a/new
expect_status "wrong data is no baseline" 3 "$busbar" baseline save --allow-simulated bad wrong
expect_status "a launch that died is no baseline" 1 "$busbar" baseline save --allow-simulated bad died
expect_status "a case that some launches skipped is no baseline" 1 "$busbar" baseline save --allow-simulated bad skipped
has "and it is named" "/16384/" err
edit a/new absent 'if f >= 3 and r.get("requested_bytes") == 16384: r["requested_bytes"] = 32768; r["key"] = r["key"].replace("/16384/", "/32768/")'
expect_status "nor one that some launches do not have" 1 "$busbar" baseline save --allow-simulated bad absent
has "with their number" "of 6 launches (skipped, or not in their plan)" err
expect_status "a name that is a path is refused" 2 "$busbar" baseline save ../bad a/base
equal "nothing half written is left" "$(ls -A results/baselines)" good
check "baselines are listed" "$busbar" baseline list
has "the list names it" good out
check "a baseline is shown" "$busbar" baseline show good
expect_status "an unknown baseline" 5 "$busbar" compare nosuch a/new
expect_status "one side only" 2 "$busbar" compare a/base
expect_status "a path too many" 2 "$busbar" compare a/base a/new a/slow
expect_status "a bad tolerance" 2 "$busbar" compare --delta 5x a/base a/new
