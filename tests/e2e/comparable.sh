#!/usr/bin/env bash
# The rules of comparability (bench/analysis/compare/README.md) on launches of known figures: what is combined, ranked and judged.
# Expected values come from arithmetic: busbw = bytes / time x 2 (n - 1) / n; a step = calls x time.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
busbar=$PWD/$build/busbar
launches=$PWD/tests/data/launches
make_archive=$PWD/tests/benchmark/make-archive
cd "$work" || exit 1
# write FOLDER PYTHON: writes the launches that the code adds to the list L; run(NAME, RANKS, CASES, launches=6, **more) adds a run's.
write() {
    python3 - "$2" <<'END' | "$launches" "$1"
import json, sys
L = []
GIB = 1 << 30
SPREAD = (-0.0025, -0.0015, -0.0005, 0.0005, 0.0015, 0.0025)  # of six launches
def all_reduce(busbw, n, size=GIB, **more):  # us = bytes / (GB/s x 1000) x bus factor
    return {"collective": "all_reduce", "bytes": size, "us": size / busbw / 1e3 * 2 * (n - 1) / n, **more}
def step(seconds, **more):  # llama-70b-dp calls 132 all-reduces of 1 GiB
    return {"collective": "all_reduce", "bytes": GIB, "us": seconds / 132 * 1e6, **more}
def run(name, ranks, cases, launches=6, spread=SPREAD, **more):
    if launches < 6: spread = (0,) * 6
    for i in range(launches):
        scaled = [{**c, **({"us": c["us"] * (1 + spread[i % 6])} if "us" in c else {} if "tflops" not in c else {"tflops": c["tflops"] * (1 + spread[i % 6])})} for c in cases]
        L.append({"run": name, "launch": f"{name}-{more.get('tag', '')}{i}", "ranks": ranks, "cases": scaled, **{k: v for k, v in more.items() if k != "tag"}})
exec(sys.argv[1])
print(json.dumps(L))
END
}
# field FOLDER PYTHON: prints an expression over the runs (R) and cases (C) of `show --format json`.
field() {
    "$busbar" show --format json "$1" 2>/dev/null | python3 -c '
import json, sys
R = json.load(sys.stdin); C = [c for r in R for c in r["cases"]]
print(eval(sys.argv[1]))' "$2"
}
busbw_of_lines='sorted(round(c["busbw_gbps"]["value"], 1) for c in C)'

# ---- rule 1: one figure
write a4x 'for i in range(6):
    one, two = [["h0", 4, "r0"], ["h1", 4, "r0"]], [["h0", 4, "r0"], ["h1", 4, "r1"]]
    L.append({"run": "a4x", "launch": f"one-{i}", "ranks": 8, "nodes": 2, "domains": 1, "hosts": one, "gpu": "NVIDIA GB200", "cases": [all_reduce(840.1, 8)]})
    L.append({"run": "a4x", "launch": f"two-{i}", "ranks": 8, "nodes": 2, "domains": 2, "hosts": two, "gpu": "NVIDIA GB200", "cases": [all_reduce(326, 8)]})'
equal 'one rack and two racks are two rows' "$(field a4x "$busbw_of_lines")" '[326.0, 840.1]'
equal 'each with its own launches' "$(field a4x 'sorted((c["domains"], c["launches"]) for c in C)')" '[(1, 6), (2, 6)]'
check 'the table' "$busbar" show a4x
says 'names what differs' '8 ranks on 2 nodes, 2 NVLink domains'
check 'the report' "$busbar" report a4x --format csv
equal 'the extent is each launch'"'"'s' "$(python3 -c 'import csv
print(sorted({(r["extent"], r["domains"]) for r in csv.DictReader(open("out")) if r["run"]}))')" "[('across NVLink domains', '2'), ('one NVLink domain', '1')]"
write filling 'for i, (a, b) in enumerate(((4, 4), (6, 2))):
    L.append({"run": "f", "launch": f"l{i}", "ranks": 8, "nodes": 2, "domains": 2, "hosts": [["h0", a, "r0"], ["h1", b, "r1"]], "cases": [all_reduce(300, 8)]})'
equal 'how the ranks fill the domains tells rows apart' "$(field filling 'sorted(str(c.get("filling")) for c in C)')" "['6+2', 'None']"
write cache 'run("c", 8, [all_reduce(300, 8, cache=k) for k in ("warm", "cold")])'
equal 'cold and warm are rows of their own' "$(field cache 'sorted((c["cache"], c["launches"]) for c in C)')" "[('cold', 6), ('warm', 6)]"
check 'cold beside warm' "$busbar" show cache
says 'has a column that says which' 'cache'
write transport 'for i, net in enumerate(("IB", "IB", "Socket")):
    L.append({"run": "t", "launch": f"l{i}", "ranks": 16, "nodes": 2, "domains": 2, "facts": {"nccl": {"network": net}}, "cases": [all_reduce(30 if net == "Socket" else 380, 16)]})'
equal 'a launch that fell back to sockets is no repetition' "$(field transport 'sorted((c["transport"], c["launches"]) for c in C)')" "[('IB', 2), ('Socket', 1)]"
multiply='def multiply(run_name, launch, library, kernel, gflops):
    L.append({"run": run_name, "launch": launch, "ranks": 2, "driver": "matmul", "backend": "cblas", "provenance": ["measured"],
              "facts": {"blas": [{"library": library, "version": "1.0", "kernel": kernel, "threads": 1}]},
              "cases": [{"gemm": "gemm", "tflops": gflops / 1e3, "memory": "host", "dtype": "float",
                         "algorithm": f"{library} 1.0 {kernel}, 1 thread"}]})
'
write blas "$multiply"'for i in range(6): multiply("b", f"l{i}", *(("BLIS", "skx", 60) if i % 3 == 0 else ("OpenBLAS", "SkylakeX" if i % 3 == 1 else "Haswell", 100)))
for i in range(6): multiply("old", f"o{i}", "BLIS", "skx", 60)
for i in range(6): multiply("new", f"n{i}", "OpenBLAS", "Haswell", 40)'
equal 'another BLAS library or kernel is no repetition' "$(field blas/b 'sorted((c["blas"], c["launches"]) for c in C)')" \
    "[('BLIS skx 1 thread', 2), ('OpenBLAS Haswell 1 thread', 2), ('OpenBLAS SkylakeX 1 thread', 2)]"
check 'the table' "$busbar" show blas/b
says 'names library, kernel and threads' '2 ranks on 1 node, OpenBLAS Haswell 1 thread'
expect_status 'BLIS against OpenBLAS has no verdict' 1 "$busbar" compare blas/old blas/new
says 'and the difference is named' 'ran under other conditions and are not compared'
says 'with both libraries' 'blas=BLIS skx 1 thread'
# Launches choose the fastest BLAS unless told (the first one of a run says so): such a case is not lost, as it is if --blas changes.
write choice "$multiply"'def night(run_name, day, library, kernel, tried):
    for i in range(6):
        multiply(run_name, f"{run_name}{i}", library, kernel, 60)
        L[-1]["started"] = f"2026-11-{day:02}T10:0{i}:00Z"
        L[-1]["facts"]["blas"][0].update({} if i else {t: [] for t in tried})
        L[-1]["cases"].append(all_reduce(300, 2))
both = ("libraries_tried", "kernels_tried")
night("blis", 1, "BLIS", "skx", both)
night("haswell", 2, "OpenBLAS", "Haswell", both)
night("skylake", 3, "OpenBLAS", "SkylakeX", ("kernels_tried",))
night("told", 4, "OpenBLAS", "Zen", ())
night("short", 5, "OpenBLAS", "Haswell", both)
L[-1]["cases"].pop(0)'
verdict() { # verdict WANTED EXIT-STATUS BLAS COMMAND...: the exit status, and the verdict on the matmul by this BLAS
    expect_status "${*:4}" "$2" "$busbar" "${@:4}" --format json
    equal "is $1" "$(python3 -c 'import json, sys
print(*[c["verdict"] for c in json.load(open("out"))["cases"] if c["key"].startswith("gemm") and f"/blas={sys.argv[1]} " in c["key"]])' "$3")" "$1"
}
verdict 'not comparable' 0 'BLIS skx' compare choice/blis choice/haswell
says 'with the ratio' 'new launches chose another BLAS, ratio 1: gemm/'
says 'and the way out' '/blas=OpenBLAS Haswell 1 thread (--blas and --blas-kernel fix the choice)'
verdict 'not comparable' 0 'OpenBLAS Haswell' compare choice/haswell choice/skylake
verdict missing 1 'BLIS skx' compare choice/blis choice/skylake
verdict missing 1 'OpenBLAS Haswell' compare choice/haswell choice/told
verdict missing 1 'BLIS skx' compare choice/blis choice/short
verdict 'not comparable' 0 'BLIS skx' history choice/blis choice/haswell
says 'with the reason' 'the newest run chose another BLAS: gemm/'
verdict missing 1 'BLIS skx' history choice/blis choice/skylake
verdict missing 1 'OpenBLAS Haswell' history choice/haswell choice/told
write mixed 'run("m", 8, [all_reduce(300, 8)], launches=3, provenance=["measured"])
run("m", 8, [all_reduce(150, 8)], launches=1, provenance=["measured", "faulted"], tag="fault")
run("m", 8, [all_reduce(600, 8)], launches=1, provenance=["measured"], gpu="NVIDIA B200", tag="gpu")'
equal 'a fault or another GPU is no repetition' "$(field mixed "$busbw_of_lines")" '[150.0, 300.0, 600.0]'
equal 'and the labels differ' "$(field mixed 'len({r["label"] for r in R})')" 3

write tables 'for number, us in ((1, 27000), (2, 191000)):
    L.append({"run": "page", "launch": f"page-{number}", "ranks": 2, "provenance": ["imported"], "source": {"file": "page.md", "sha256": "0" * 64, "table": number}, "cases": [{"collective": "all_gather", "bytes": GIB, "us": us}]})'
equal 'two tables of one file stay apart' "$(field tables 'sorted(c["time_us"]["value"] for c in C)')" '[27000.0, 191000.0]'
python3 - <<'END'
import json, glob
for name in glob.glob("tables/page/*.jsonl"):
    lines = [json.loads(line) for line in open(name)]
    lines[0]["source"]["repetitions"] = True
    open(name, "w").write("".join(json.dumps(line) + "\n" for line in lines))
END
equal 'unless somebody calls them repetitions' "$(field tables 'sorted(c["time_us"]["value"] for c in C)')" '[109000.0]'

# ---- nothing counts twice
write once 'run("r", 8, [all_reduce(300, 8)])'
expect_status 'the same run given twice' 0 "$busbar" show --format json once once
equal 'counts once' "$(python3 -c 'import json; R = json.load(open("out")); print(len(R), R[0]["launches"], R[0]["cases"][0]["launches"])')" '1 6 6'
says 'and is said' '6 launches read twice count once'
expect_status 'a report of a run given twice' 0 "$busbar" report once once --format markdown
says 'says so' 'read twice'
check 'a baseline of simulated launches, allowed' "$busbar" baseline save --allow-simulated good once/r
expect_status 'a baseline beside the run that it came from' 0 "$busbar" show --format json results/baselines/good once
equal 'counts once, too' "$(python3 -c 'import json; print(sum(c["launches"] for r in json.load(open("out")) for c in r["cases"]))')" 6
equal 'its key stays the row'"'"'s' "$(grep -c '/domains=' results/baselines/good/*.jsonl | cut -d: -f2 | sort -u)" 0
expect_status 'a baseline against the run that it came from fails' 1 "$busbar" compare good once
says 'since nothing new was measured' 'nothing new was measured'

# ---- launches that are missing
"$make_archive" "$work/gate" --runs base,new --cases 4 --launch-sigma 0.004 --sigma 0.02 --samples 60 --seed 3
plan() { # FOLDER LAUNCHES: writes a plan of this number of launches
    printf 'launch\tstate\tkey\tdriver\tnodes\tranks\tranks_per_node\tgroup\tdomains\trepeat\tcases\testimate_s\targs\twhy\n' >"$1/plan.tsv"
    for ((i = 0; i < $2; i++)); do printf 'launch-%03d\ttodo\tk\tall_reduce\t1\t4\t4\tworld\tpacked\t%d\t4\t1\t-\t-\n' "$i" "$i" >>"$1/plan.tsv"; done
}
plan gate/new 6
expect_status 'a run as planned' 0 "$busbar" compare gate/base gate/new
plan gate/new 12
expect_status 'half of the planned launches missing fails' 1 "$busbar" compare gate/base gate/new
says 'and names them' '6 of 12 planned new launches are missing: launch-006'
expect_status 'in the base, too' 1 "$busbar" compare gate/new gate/base
check 'show' "$busbar" show gate/new
says 'says it' '6 of 12 planned launches are missing'
echo 'all_reduce median_us<=1000000' >limit.gate
expect_status 'a contract fails' 1 "$busbar" contract --gate limit.gate gate/new
expect_status 'a run with launches missing is no baseline' 1 "$busbar" baseline save --allow-simulated half gate/new
echo nonsense >gate/new/plan.tsv
expect_status 'a plan that cannot be read fails' 1 "$busbar" compare gate/base gate/new
says 'since nobody knows what is missing' 'it is not known whether'
rm gate/new/plan.tsv

# ---- only measurements can be a baseline
for kind in faulted emulated simulated; do
    write "no-$kind" "run('n', 8, [all_reduce(300, 8)], provenance=['measured', '$kind'])"
    expect_status "a $kind run is no baseline" 2 "$busbar" baseline save "$kind" "no-$kind"
    says 'the flag is named' "--allow-$kind"
    expect_status "but by --allow-$kind" 0 "$busbar" baseline save "--allow-$kind" "$kind" "no-$kind"
    check "then it stays marked" "$busbar" show "results/baselines/$kind"
    says 'as what it is' "measured+$kind"
done

# ---- rule 3: one verdict
write racks-base 'run("b", 8, [all_reduce(840, 8)], nodes=2, domains=1, hosts=[["h0", 4, "r0"], ["h1", 4, "r0"]])'
write racks-new 'run("n", 8, [all_reduce(840, 8)], nodes=2, domains=2, hosts=[["h0", 4, "r0"], ["h1", 4, "r1"]])'
expect_status 'one rack is no verdict on two' 1 "$busbar" compare racks-base racks-new
says 'and the conditions are named' '/domains=2'

# ---- rule 2: one ranking
write counts 'run("small", 144, [all_reduce(751, 144)], nodes=36, domains=2, gpu="NVIDIA GB200", cloud="gb200-4x")
run("small", 1440, [all_reduce(405, 1440)], nodes=360, domains=20, gpu="NVIDIA GB200", cloud="gb200-4x", tag="large")
run("other", 144, [all_reduce(739, 144)], nodes=36, domains=2, gpu="NVIDIA GB300")'
check 'two clouds, one measured at more GPUs too' "$busbar" report counts --format csv
equal 'are compared at the count that both have' "$(python3 -c 'import csv
print(sorted((r["run"], r["ranks"], r["place"]) for r in csv.DictReader(open("out")) if r["figure"] == "all_reduce compared busbw"))')" \
    "[('other', '144', '2'), ('small', '144', '1')]"
check 'in words' "$busbar" report counts --format markdown
says 'the better is first' 'First by the intervals over launches: gb200-4x'
says 'the rest is not put beside' 'not ranked, since no other run is alike in GPUs'
lacks 'and nothing is the highest over counts' 'highest' out
says 'where all can be compared is said' 'all can be compared at: 144 GPUs'
write one-of-six 'run("six", 8, [all_reduce(480, 8)], gpu="NVIDIA H100 80GB HBM3")
run("one", 8, [all_reduce(485, 8)], launches=1, gpu="NVIDIA H100 80GB HBM3")'
check 'one launch beside six' "$busbar" report one-of-six --format csv
equal 'gives neither a place, since one interval alone ranks nothing' "$(python3 -c 'import csv
print(sorted((r["run"], r["place"]) for r in csv.DictReader(open("out")) if r["figure"] == "all_reduce compared busbw"))')" "[('one', ''), ('six', '')]"

# ---- rule 4: impossible figures
write impossible 'bound = GIB / 350e3 * 2 * 15 / 16
run("table", 16, [all_reduce(837.8, 16, bound_us=bound, bound="x"), all_reduce(340, 16, size=1 << 24, bound_us=bound / 64, bound="x")], launches=1, nodes=2)
run("honest", 16, [all_reduce(330, 16, bound_us=bound, bound="x")], launches=1, nodes=2)
run("other", 16, [all_reduce(320, 16, bound_us=bound, bound="x")], launches=1, nodes=2)'
check 'a table above its bound' "$busbar" report impossible --format markdown
equal 'is named first' "$(grep -m 1 '^- ' out | cut -c 1-79)" '- **impossible** table: all_reduce of 1 GiB on 16 ranks reads 837.8 GB/s, 239 %'
equal 'and ranks nowhere' "$(sed -n '/^## The answer/,/^### The runs/p' out | grep '^|' | grep -c '| table')" 0
equal 'while the others do' "$(sed -n '/^## The answer/,/^### The runs/p' out | grep '^|' | grep -c '| honest')" 2
echo 'all_reduce busbw_gbps>=300' >busbw.gate
expect_status 'no contract is held by it' 1 "$busbar" contract --gate busbw.gate impossible/table
says 'and it says why' 'impossible: 239 % of its bound'
expect_status 'but by what is possible' 0 "$busbar" contract --gate busbw.gate impossible/honest
write peak 'run("fast", 8, [{"gemm": "gemm", "tflops": 1200, "peak_tflops": 989.5}])'
check 'a matmul above its peak' "$busbar" report peak --format markdown
says 'is impossible' '**impossible** fast: matmul in bfloat16 reads 1200 TFLOP/s, 121 %'

# ---- rule 5: places, and steps
twelve='for i in range(12):
    run(f"run{i:02d}", 72, [step(9.2 + 0.8 * i / 11)], spread=[SCALE * s for s in SPREAD])'
places_of() { # prints the column of the steps' places in the Markdown report in `out`
    sed -n '/A step of/,/^### The runs/p' out | grep -E '^\| *[0-9]+ \| run' | cut -d '|' -f 2 | tr -d ' ' | paste -sd ' '
}
# Neighbours are 0.73 to 0.79 % apart. SPREAD has a standard deviation of 0.187 %; scipy.stats.t.ppf(1 - 0.05/24, 5) is 4.98, so
# the intervals of twelve rivals are +- 0.38 % x SCALE: they touch at distances of 0.61 % (SCALE 0.8), 1.22 % (1.6) and 15 % (20).
write twelve-quarter "SCALE = 0.8
$twelve"
check 'twelve runs whose intervals do not touch' "$busbar" report twelve-quarter --format markdown
equal 'have twelve places' "$(places_of)" '1 2 3 4 5 6 7 8 9 10 11 12'
write twelve-half "SCALE = 1.6
$twelve"
check 'twelve runs of which neighbours overlap' "$busbar" report twelve-half --format markdown
equal 'a place counts those that are surely better' "$(places_of)" '1 1 2 3 4 5 6 7 8 9 10 11'
write twelve-wide "SCALE = 20
$twelve"
check 'twelve runs that nobody can tell apart' "$busbar" report twelve-wide --format markdown
equal 'all place first' "$(places_of)" '1 1 1 1 1 1 1 1 1 1 1 1'
says 'and none is called the fastest' 'shortest here'
# llama-70b-dp: 1.388e16 FLOPs / 1200e12 FLOP/s = 11.567 s; / 1598e12 = 8.686 s
write steps 'for ranks, tflops in ((72, 1598), (144, 1200)):
    run("cloud", ranks, [step(2.0)], tag=f"c{ranks}")
    run("cloud", ranks, [{"gemm": "gemm", "tflops": tflops}], tag=f"m{ranks}", driver="matmul")
run("bare", 144, [step(2.0)])'
check 'steps of two counts' "$busbar" report steps --format markdown
says 'a step takes the matmul of its own count: 144' '×144 (11.57 to 13.57 s per step)'
says 'and 72' '×72 (8.686 to 10.69 s per step)'
says 'none is made up from another count' 'no sustained matmul at that number of GPUs'
# Prices of different kinds, US$ 10.50 (on-demand) and 10.582 (capacity-block), are not ranked together
write money 'run("ondemand", 72, [all_reduce(800, 72)], nodes=18, domains=1, cloud="gb200-4x", gpu="NVIDIA GB200")
run("block", 72, [all_reduce(820, 72)], nodes=18, domains=1, cloud="u-p6e-gb200x72", gpu="NVIDIA GB200")'
check 'two kinds of price' "$busbar" report money --format markdown
lacks 'make no order for money' 'Most for the money' out

# ---- a scan compares only pairs that were measured with the same parameters
pairs() { # RUN BYTES GBPS
    mkdir -p "$1"
    {
        printf '{"record":"launch","schema":1,"run":"%s","launch":"l","started":"2026-11-01T00:0%s:00Z","provenance":["simulated"],"world":{"nodes":2,"ranks":2,"ranks_per_node":1,"hosts":[{"name":"a","ranks":1},{"name":"b","ranks":1}]}}\n' "$1" "${#1}"
        printf '{"record":"case","collective":"all_reduce","mode":"%s","bytes":%s,"requested_bytes":%s,"dtype":"float","nodes":2,"ranks":2,"group":"hosts:0","status":"ok","samples_us":[9],"groups":[{"ranks":[0,1],"hosts":["a","b"],"median_us":9,"busbw_gbps":%s}]}\n' "$4" "$2" "$2" "$3"
        printf '{"record":"end","status":"complete","cases":1}\n'
    } >"$1/l.jsonl"
}
pairs scan-a 1048576 40 pipelined
pairs scan-bb 1048576 40 isolated
expect_status 'a scan of two modes is refused' 2 "$busbar" scan scan-a scan-bb
says 'with both named' 'scan-a/l.jsonl and scan-bb/l.jsonl'
expect_status 'a scan given twice' 0 "$busbar" scan --format csv scan-a scan-a
says 'counts once' '1 launch read twice counts once'

# ---- export: a test of nccl-tests has only cases that were measured with the same parameters
write groups 'L.append({"run": "g", "launch": "l", "ranks": 8, "nodes": 2, "cases": [all_reduce(300, 8), all_reduce(400, 8, group="node", ranks=4), all_reduce(300, 8, sync="window", mode="isolated"), all_reduce(300, 8, sync="barrier", mode="isolated")]})'
check 'an export of groups and of two ways to start' "$busbar" export groups
equal 'has a test for each' "$(grep -c '^# Collective test starting' out)" 4
says 'that names the group' 'group node'

# ---- saving a baseline names a launch that is an outlier
write outlier 'run("o", 8, [all_reduce(300, 8)])
L[0]["cases"][0]["us"] *= 2'
check 'a baseline of which one launch took twice as long' "$busbar" baseline save --allow-simulated outlier outlier
says 'is saved with the launch named' 'launch o-0 (outlier/o/o-0.jsonl) stands apart in 1 of 1 case'
says 'and by how much' 'at most 1.99 times'

# ---- faults that a review found
ranked() { # prints the places in the CSV report in `out`: run/ranks=place
    python3 -c 'import csv
print(" ".join(sorted("%s/%s=%s" % (r["run"], r["ranks"], r["place"]) for r in csv.DictReader(open("out")) if r["figure"] == "all_reduce compared busbw")))'
}
write scaling 'h = dict(gpu="NVIDIA H100 80GB HBM3")
run("s", 8, [all_reduce(300, 8)], nodes=1, tag="a", **h)
run("s", 16, [all_reduce(290, 16)], nodes=2, domains=2, tag="b", facts={"nccl": {"network": "IB"}}, **h)
run("s", 8, [all_reduce(100, 8)], nodes=2, domains=2, tag="c", facts={"nccl": {"network": "IB"}}, **h)
run("s", 32, [all_reduce(20, 32)], nodes=4, domains=4, tag="d", facts={"nccl": {"network": "Socket"}}, **h)'
if command -v gnuplot >/dev/null; then
    check 'a run over nodes, half filled and over sockets too' "$busbar" plot scaling --output scaling-plots
    equal 'unlike worlds make no scaling curve' "$(awk '!NF { exit } { printf "%s %.0f ", $1, $2 }' scaling-plots/scaling-all-reduce.tsv)" '1 300 2 290 '
else
    skip 'a run over nodes' 'gnuplot is missing'
fi
write isolated 'case = lambda us, n, own: all_reduce(300, n, mode="isolated", rank_wait_us={"min": own, "median": own, "max": us}) | {"us": us}
run("i", 8, [case(4000, 8, 3900)], nodes=1, tag="a")
run("i", 16, [case(5000, 16, 3910)], nodes=2, domains=2, tag="b")'
equal 'isolated figures stand beside the median rank, whose time does not grow with the ranks' \
    "$(field isolated 'sorted((c["ranks"], c["time_us"]["value"], c["rank_median_us"]["value"]) for c in C)')" '[(8, 4000.0, 3900.0), (16, 5000.0, 3910.0)]'
check 'the table' "$busbar" show isolated
says 'has it too' 'rank(us)'
check 'as CSV' "$busbar" show --format csv isolated
equal 'with its interval over launches' "$(python3 -c 'import csv
print(sorted({(r["ranks"], *(float(r["rank_median" + k + "_us"]) for k in ("", "_lo", "_hi"))) for r in csv.DictReader(open("out"))}))')" "[('16', 3910.0, 3910.0, 3910.0), ('8', 3900.0, 3900.0, 3900.0)]"
check 'a report on isolated figures of two rank counts' "$busbar" report isolated --format json
equal 'says in the captions that the maximum grows with them' "$(python3 -c 'import json
print(sorted(p["title"] for p in [p for s in json.load(open("out"))["sections"] for p in s.get("plots", [])] if "which grows with the number of ranks" in p["caption"]))')" \
    "['all_reduce: bus bandwidth', 'all_reduce: bus bandwidth kept over nodes', 'all_reduce: bus bandwidth over nodes', 'all_reduce: time']"
write variants 'bound = GIB / 700e3 * 2 * 7 / 8
run("a", 8, [all_reduce(440, 8, bound_us=bound, bound="x"), all_reduce(900, 8, placement="in_place", bound_us=bound, bound="x")])
run("b", 8, [all_reduce(430, 8, bound_us=bound, bound="x")])
run("c", 8, [all_reduce(420, 8, bound_us=bound, bound="x")])'
check 'a table whose other column is impossible' "$busbar" report variants --format csv
equal 'ranks nowhere' "$(ranked)" 'b/8=1 c/8=2'
write crown 'run("six", 8, [all_reduce(440, 8)], cloud="p5.48xlarge")
run("one", 8, [all_reduce(445, 8)], launches=1, cloud="p5en.48xlarge")
run("two", 8, [all_reduce(250, 8)], launches=2, cloud="BM.GPU.H100.8")'
check 'one interval among three' "$busbar" report crown --format markdown
lacks 'crowns nobody' 'First by the intervals' out
says 'nor for the money' 'not told apart from the rest'
write labels 'for i, (label, speed) in enumerate((("fast link", 22.4), ("slow link", 1.12))):
    L.append({"run": "page", "launch": f"p{i}", "ranks": 2, "nodes": 2, "provenance": ["imported"], "source": {"sha256": "1" * 64, "table": i + 1}, "cases": [all_reduce(speed, 2)]})'
python3 - <<'END'
import json
for i, label in enumerate(("fast link", "slow link")):
    name = f"labels/page/p{i}.jsonl"
    lines = [json.loads(line) for line in open(name)]
    lines[0]["cloud"] = {"label": label}
    open(name, "w").write("".join(json.dumps(line) + "\n" for line in lines))
END
equal 'each table keeps its own label' "$(field labels 'sorted((r["label"], round(r["cases"][0]["busbw_gbps"]["value"], 2)) for r in R)')" "[('fast link', 22.4), ('slow link', 1.12)]"
write unknown 'for name, us in (("x", 9), ("y", 11)):
    L.append({"run": name, "launch": name, "ranks": 2, "provenance": ["imported"], "source": {"sha256": name * 32, "table": 1}, "cases": [{"collective": "all_reduce", "bytes": 8, "us": us, "ranks": None, "nodes": None}]})'
sed -i 's/"ranks": 2, //; s/, "ranks": null//; s/, "nodes": null//; s/"nodes": 1, //' unknown/*/*.jsonl
check 'unknown numbers of ranks' "$busbar" report unknown --format markdown
lacks 'are not printed as numbers' '9223372036854775808' out
lacks 'and not ranked' 'all-reduce of 8 B on' out
write types 'run("f", 8, [all_reduce(440, 8)])
run("h", 8, [all_reduce(430, 8, dtype="bfloat16")])'
check 'two types' "$busbar" report types --format csv
equal 'are not ranked together' "$(ranked)" ''
write real 'run("r", 8, [all_reduce(400, 8)], provenance=["measured"])
run("s", 8, [all_reduce(410, 8)], provenance=["measured"])
run("e", 8, [all_reduce(445, 8)], provenance=["measured", "emulated"])'
check 'an emulated run beside two real ones' "$busbar" report real --format csv
equal 'is not ranked with them' "$(ranked)" 'r/8=2 s/8=1'
check 'a contract on an emulated run' "$busbar" contract --gate busbw.gate real/e
says 'says what it is' 'not a measurement of a real machine'
expect_status 'an impossible figure is no improvement' 1 "$busbar" compare impossible/honest impossible/table
says 'but said to be what it is' 'is impossible: 239 % of its bound'
expect_status 'nor a baseline' 1 "$busbar" baseline save --allow-simulated imp impossible/table
write nothing 'run("z", 8, [{"collective": "all_reduce", "bytes": 8, "status": "error", "error": "x"}])'
expect_status 'launches without a figure are no baseline' 1 "$busbar" baseline save --allow-simulated none nothing
write gpus 'run("g", 8, [all_reduce(300, 8)], gpu="NVIDIA H100 80GB HBM3")
run("g", 8, [all_reduce(600, 8)], gpu="NVIDIA B200", tag="b")'
expect_status 'nor are two GPU models' 2 "$busbar" baseline save --allow-simulated both gpus
write nowords 'run("n", 8, [all_reduce(300, 8)], provenance=[])'
expect_status 'nor launches that do not say what they are' 2 "$busbar" baseline save said nowords
write extent 'run("x", 8, [all_reduce(300, 8)], nodes=2, domains=1)'
check 'a domain of two hosts, no GPU named' "$busbar" report extent --format csv
says 'has the extent that its record says' ',one NVLink domain,'
sed -i '1s/"table": 1/"table": 1, "repetitions": true/' tables/page/*1.jsonl
sed -i '1s/, "repetitions": true//' tables/page/*2.jsonl
equal 'one table that calls itself a repetition is none of another' "$(field tables 'len(C)')" 2
mkdir cut && cp once/r/r-0.jsonl cut/ && sed '$d' cut/r-0.jsonl >cut/copy.jsonl
equal 'a copy that was cut counts once' "$(field cut 'C[0]["launches"]')" 1
write cpu 'run("gpu", 72, [step(2.0)], tag="c")
run("gpu", 72, [{"gemm": "gemm", "tflops": 2.5, "memory": "host"}], tag="m", driver="matmul")'
check 'a step beside a matmul on CPUs' "$busbar" report cpu --format markdown
lacks 'does not take it' 's per step' out
write worlds 'run("w", 8, [all_reduce(840, 8)], nodes=2, domains=1, tag="a")
run("w", 8, [all_reduce(700, 8)], nodes=4, domains=1, tag="b")'
check 'two worlds of one run' "$busbar" report worlds --format markdown
says 'have names of their own' 'First by the intervals over launches: w, 2 nodes.'
write hosts 'for name, speed in (("p", 10), ("q", 9)):
    run(name, 2, [all_reduce(speed, 2, memory="host")], nodes=2)'
check 'two runs in host memory' "$busbar" report hosts --format markdown
says 'have an extent of their own' '**several hosts, no GPUs** all-reduce of 1 GiB on 2 ranks'

# ---- rule 7: launches without a figure. Four of ten launches lack the larger size; those that have it look faster than the other cloud.
gaps='for name, speed in (("gaps", 400), ("whole", 300)): run(name, 8, [all_reduce(speed, 8), all_reduce(speed, 8, GIB // 2)], launches=10)
'
write skipped "$gaps"'for l in L[:4]: del l["cases"][0]["us"]; l["cases"][0]["status"] = "skipped"'
write absent "$gaps"'for l in L[:4]: del l["cases"][0]'
for kind in skipped absent; do
    equal "$kind: a range, no interval" "$(field $kind/gaps '[(c["launches"], c["without_figure"], c["busbw_gbps"]["interval"]) for c in sorted(C, key=lambda c: c["bytes"])]')" \
        "[(10, 0, '95 % interval over launches'), (6, 4, 'min-max of launches')]"
    check "$kind: the report" "$busbar" report $kind --format csv
    equal "$kind: no place" "$(python3 -c 'import csv
rows = [r for r in csv.DictReader(open("out")) if r["run"] == "gaps" and r["bytes"] == str(1 << 30)]
print(sorted({(r["place"], r["note"]) for r in rows}))')" "[('', 'some launches have no figure: not ranked')]"
    check "$kind: the page" "$busbar" report $kind --format markdown
    says "$kind: the answer is not sure" 'not sure: 4 of its 10 launches have no figure, and may be the slow ones'
    says "$kind: a warning" '**launches without a figure** gaps: 1 case; the worst: no figure in 4 of 10 launches'
    check "$kind: the table" "$busbar" show $kind/gaps
    says "$kind: begins with it" '1 without a figure in some launches'
done
says 'absent: and names it in the row' 'no figure in 4 of 10 launches'
