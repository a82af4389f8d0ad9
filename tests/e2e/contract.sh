#!/usr/bin/env bash
# busbar contract before and after a measurement: proposed, refused, held, failed, and closed to what is missing. Expected limits come from
# arithmetic: bounds from the links (bench/collective/bounds.h), 90 % of what results/published.tsv has.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
busbar=$PWD/$build/busbar
launches=$PWD/tests/data/launches
browser=$PWD/tests/e2e/browser-check
cd "$work" || exit 1

# ---- proposed
check 'a contract for two racks' "$busbar" contract --propose u-p6e-gb200x72 --domains 2
# One host: 686.7 of 1350 GB/s was published; one rack of 72: 876.6 of 2 x 71/72 x 950 = 1873.6; two racks: 748.2 of 1886.8. The same rates apply.
for rule in 'all_reduce ranks=4 nodes=1 domains=1 requested_bytes=17179869184 busbw_gbps>=618.0' \
    'all_reduce ranks=72 nodes=18 domains=1 requested_bytes=17179869184 busbw_gbps>=788.9' \
    'all_reduce ranks=144 nodes=36 domains=2 requested_bytes=17179869184 busbw_gbps>=673.3' \
    'matmul dtype=fp8_e4m3 m=8192 n=8192 k=8192 phase=burst tflops>=2588.9' \
    'matmul dtype=bfloat16 m=4096 n=9728 k=2048 phase=burst tflops>=1639.8' '* wrong<=0' '* launches>=6'; do
    says "it has: $rule" "$rule"
done
says 'with the bound' 'the physical bound is 1874 GB/s: S/(Bn+Bi)'
says 'and the figure that the limit starts from' 'github.com/yangwhale/gpu-tpu-pedia'
says 'a latency that nobody has published gets no limit' 'NO LIMIT on latency'
limits_of_a_rack() { grep -qE '^all_reduce .*ranks=72.*busbw' out; }
check 'and limits for a rack' limits_of_a_rack
check 'an instance without a NIC rate' "$busbar" contract --propose gb300-4x
says 'has a limit within a host (90 % of 612)' 'all_reduce ranks=4 nodes=1 domains=1 requested_bytes=8589934592 busbw_gbps>=550.8'
says 'and none beyond it' 'the physical bound is not known'
if limits_of_a_rack; then not_ok 'no limit is made up'; else ok 'no limit is made up'; fi
check 'another allowance' "$busbar" contract --propose u-p6e-gb200x72 --allowance 20%
says '80 % of 876.6' 'busbw_gbps>=701.2'
expect_status 'an unknown instance' 2 "$busbar" contract --propose u-p6e-gb200x722
says 'is named with its neighbour' "did you mean 'u-p6e-gb200x72'"
expect_status 'an allowance that is no share' 2 "$busbar" contract --propose u-p6e-gb200x72 --allowance 3

# The records that ship as reference count as published figures: 483.1 GB/s on eight H100, of a bound of 787.5.
check 'an instance that only a shipped record measured' "$busbar" contract --propose p5.48xlarge
says 'starts from it' 'all_reduce ranks=8 nodes=1 domains=1 requested_bytes=17179869184 busbw_gbps>=434.7'
says 'and names it' 'run aws-p5 (imported) reached 483.1 GB/s on 8 GPUs'
says 'its matmul, too (90 % of 794.5)' 'matmul dtype=bfloat16 m=2048 n=2048 k=13312 phase=burst tflops>=715.0'
says 'where there is none, it says where it looked' 'no figure of this GPU, collective and extent to start from in published.tsv or the records in reference/'
check 'a GPU with rates of unnamed shapes' "$busbar" contract --propose p6-b200.48xlarge
says 'gets no limit from them' 'NO LIMIT in fp8_e4m3: github.com/stas00/ml-engineering compute/accelerator/README.md (published.tsv:101) has 3432 TFLOP/s, but names no shape'
mkdir -p bare && cp "$OLDPWD"/results/{clouds,gpus}.tsv bare
check 'a catalog without figures' env BUSBAR_CATALOG="$PWD/bare" "$busbar" contract --propose p5.48xlarge
says 'says so' 'in the catalog, which has no published.tsv'

# ---- beyond the bound: eight H100 that reduce in the switch 2 x 7/8 x 450 = 787.5, two hosts of eight 2 x 15/16 x 400 = 750
echo 'all_reduce requested_bytes>=1G busbw_gbps>=800' >p5.gate
echo 'all_reduce requested_bytes>=1G busbw_gbps>=900' >b200.gate
for case in 'p5 p5.48xlarge 1 787.5' 'p5 p5.48xlarge 2 750' 'b200 p6-b200.48xlarge 2 750'; do
    read -r gate instance domains bound <<<"$case"
    expect_status "$gate.gate on $domains of $instance is refused" 2 "$busbar" contract --gate "$gate.gate" --instance "$instance" --domains "$domains"
    says "above $bound GB/s" "above the physical bound of $bound"
done
check '900 GB/s within eight B200 (bound 1575) is not' "$busbar" contract --gate b200.gate --instance p6-b200.48xlarge
# A rule is checked in the world that it selects. 1 GiB takes eight GPUs 2^30 / 450e3 us = 2386.1; H100's dense peaks are 989.5 and, in fp8, 1979.
for rule in 'all_reduce bound_percent>=101' 'all_reduce requested_bytes=1G median_us<=2385' 'matmul dtype=bfloat16 tflops>=990' \
    'all_reduce nodes=2 busbw_gbps>=780' 'all_reduce ranks>=16 busbw_gbps>=780' 'all_reduce ranks=8 requested_bytes>=1G median_us<=2385' \
    'all_reduce bytes=1G ranks=8 p95_us<=2385' 'all_reduce bytes>1G nodes<2 median_us<=2385' 'matmul tflops>=1980' 'matmul dtype=bf* tflops>=990'; do
    echo "$rule" >beyond.gate
    expect_status "refused: $rule" 2 "$busbar" contract --gate beyond.gate --instance p5.48xlarge
    equal 'in one line' "$(wc -l <err)" 1
done
for rule in 'all_reduce requested_bytes=1G median_us<=2387' 'all_reduce nodes=2 busbw_gbps>=750' 'all_reduce ranks=8 requested_bytes>=1G median_us<=2387' \
    'all_reduce ranks=8 bytes<=1G median_us<=10' 'matmul tflops>=1979' 'matmul dtype!=bf* tflops>=1979'; do
    echo "$rule" >within.gate
    check "held by some machine: $rule" "$busbar" contract --gate within.gate --instance p5.48xlarge
done
printf 'all_reduce nodes=2 busbw_gbps>=780\nall_reduce busbw_gbps>=700\nmatmul tflops>=50000\n' >beyond.gate
expect_status 'two limits that nothing can hold' 2 "$busbar" contract --gate beyond.gate --instance p5.48xlarge
equal 'have a line each' "$(grep -c '^busbar: beyond.gate:[13]: .* no machine of this kind can hold it' err)" 2

# ---- measured: a launch of every host and of the rack, six times; each figure 5 % above its limit
"$busbar" contract --propose u-p6e-gb200x72 --output rack.gate || not_ok 'into a file'
# measure FOLDER PYTHON [GATE]: what holds the contract, rack.gate unless another is named. The code may change the list L of launches.
measure() {
    rm -rf "$1"
    python3 - "$2" "${3:-rack.gate}" <<'PYTHON' | "$launches" "$1"
import json, re, sys
FACTOR = {"all_reduce": 2, "all_gather": 1, "reduce_scatter": 1, "alltoall": 1}
L, cases = [], {4: [], 72: [], 144: []}
for line in open(sys.argv[2]):
    if line.startswith("#") or not (rule := dict(re.findall(r"(\w+)(?:>=|=)(\S+)", line))): continue
    if "busbw_gbps" in rule:
        n, size, collective = int(rule["ranks"]), int(rule["requested_bytes"]), line.split()[0]
        busbw = 1.05 * float(rule["busbw_gbps"])
        cases[n].append({"collective": collective, "bytes": size, "us": size / busbw / 1e3 * FACTOR[collective] * (n - 1) / n})
    elif "tflops" in rule:
        cases[4].append({"gemm": "gemm", "dtype": rule["dtype"], **{d: int(rule[d]) for d in "mnk"}, "phase": "burst", "tflops": 1.05 * float(rule["tflops"])})
for i in range(6):
    for n, nccl in ((4, {"transports": ["P2P"]}), (72, {"network": "IB", "transports": ["P2P"], "mnnvl": True}),
                    (144, {"network": "IB", "transports": ["P2P", "NET:GDRDMA"], "mnnvl": True})):
        if not cases[n]: continue
        L.append({"run": f"g{n}", "launch": f"l{i}", "ranks": n, "nodes": n // 4, "domains": -(-n // 72), "cloud": "u-p6e-gb200x72",
                  "gpu": "NVIDIA GB200", "facts": {"nccl": nccl}, "hosts": [[f"h{h}", 4, f"r{h // 18}"] for h in range(n // 4)],
                  "cases": [dict(c) for c in cases[n]]})
exec(sys.argv[1])
print(json.dumps(L))
PYTHON
}
measure good ''
check 'a rack that holds the contract' "$busbar" contract --gate rack.gate good
says 'passes' ': pass'
says 'each case tells its GPUs' 'all_reduce 16 GiB ×72 float sum out_of_place pipelined'
says 'a figure below a row tells what it is' 'margin +5.0 %'
# fails NAME PYTHON TEXT: the code spoils the launches; the contract fails, and the output has the text.
fails() {
    measure bad "$2"
    expect_status "$1 fails" 1 "$busbar" contract --gate rack.gate bad
    says 'and is named' "$3"
}
fails 'a collective that is 10 % slower' 'for l in L: l["cases"][0]["us"] *= 1.1' 'FAIL'
fails 'NVLink between hosts off' 'for l in L:
    if l["ranks"] == 72: l["facts"]["nccl"]["mnnvl"] = False' 'no multi-node NVLink'
fails 'a transport that nobody recorded' 'for l in L: l["facts"]["nccl"] = {}' 'the records do not tell the transport'
fails 'a launch that checked nothing' 'for c in L[0]["cases"]: c["wrong"] = None' 'wrong was not checked in every launch'
fails 'a size that was skipped' 'for l in L:
    c = l["cases"][1]; c.pop("us"); c["status"] = "skipped"' 'no figure: skipped'
fails 'a size that one of six launches skipped' 'for l in L[:3]:
    c = l["cases"][1]; c.pop("us"); c["status"] = "skipped"' 'no figure in 1 of 6 launches: skipped'
fails 'a size that one of six launches does not have' 'for l in L[:3]: del l["cases"][1]' 'no figure in 1 of 6 launches'
fails 'a size that is not there' 'for l in L: del l["cases"][1]' 'no case measured matches'
fails 'a launch that died' 'L[3]["end"] = ""' 'died'
fails 'a count of wrong elements that is none' 'L[0]["cases"][0]["wrong"] = -2**63' 'has broken lines'
fails 'five launches' 'L = L[:10]' 'launches>=6'
fails 'a rack with 64 GPUs' 'for l in L:
    if l["ranks"] == 72: l["ranks"], l["nodes"], l["hosts"] = 64, 16, l["hosts"][:16]' 'no case measured matches'
echo 'all_reduce ranks=4 busbw_gbps>=1351' >high.gate
expect_status 'a limit above the bound is refused beside results, too' 2 "$busbar" contract --gate high.gate good/g4
says 'with the bound' 'above the physical bound of 1350'
printf 'all_reduce domains=1 delta=3%%\n' >domains.gate
expect_status 'a tolerance by domains is refused' 2 "$busbar" contract --gate domains.gate good

# ---- limits in per cent of a reference run
measure good ''
printf 'all_reduce ranks=72 busbw_gbps>=90%%\nall_reduce ranks=4 median_us<=110%%\n' >relative.gate
expect_status 'per cent without a reference are refused' 2 "$busbar" contract --gate relative.gate good
says 'and it is named' 'give its results with --reference RUN'
check 'the reference holds its own limits' "$busbar" contract --gate relative.gate --reference good good
says 'of which it says the figure (0.9 x 1.05 x 788.9)' '745.5'
# against NAME PYTHON TEXT: the same for limits in per cent of the reference, which stays as it was.
against() {
    measure bad "$2"
    expect_status "$1 fails" 1 "$busbar" contract --gate relative.gate --reference good bad
    says 'and is named' "$3"
}
against 'a rack that is 12 % slower' 'for l in L:
    for c in l["cases"]:
        if "us" in c: c["us"] *= 1.12' 'FAIL'
expect_status 'and busbar compare, whose base is the reference, says so' 1 "$busbar" compare good bad --gate relative.gate
says 'with the limit' '745.5'
against 'another instance' 'for l in L: l["cloud"] = "a4x-highgpu-4g"' 'another GPU or instance'
against 'another size' 'for l in L: l["cases"][0]["bytes"] //= 2' 'the reference does not have this case'
against 'a measurement against a simulation' 'for l in L: l["provenance"] = ["measured"]' 'no measurement of a real machine'
measure lacking 'for l in L[:3]:
    c = l["cases"][0]; c.pop("us"); c["status"] = "skipped"'
expect_status 'a reference of which one launch skipped the size is none' 1 "$busbar" contract --gate relative.gate --reference lacking good
says 'and that is named' 'some launches of the reference have no figure of this case'
isolated='for l in L:
    for c in l["cases"]:
        if "us" in c: c["mode"], c["us"] = "isolated", [c["us"]] * 20
'
echo 'all_reduce ranks=4 p95_us<=40000' >p95.gate
measure good "$isolated"
check 'a limit on the 95th percentile' "$busbar" contract --gate p95.gate good
measure lacking "$isolated"'for l in L[:3]:
    for c in l["cases"]:
        if "us" in c: c["us"] = c["us"][:10]'
expect_status 'fails if one launch took too few samples for it' 1 "$busbar" contract --gate p95.gate lacking
says 'and says so' 'p95_us was not measured in every launch'
measure good ''
measure lacking 'for l in L[:3]:
    c = l["cases"][0]; c.pop("us"); c["status"] = "skipped"'
echo 'all_reduce ranks=72 transport=*' >any.gate
check 'any transport will do' "$busbar" contract --gate any.gate good
expect_status 'but not of a launch that skipped the size' 1 "$busbar" contract --gate any.gate lacking
says 'and it is said' 'no figure in 1 of 6 launches: skipped'
sed -i 's/"simulated"/"measured"/' lacking/*/*.jsonl
check 'a contract beside results with gaps' "$busbar" contract --propose u-p6e-gb200x72 lacking
says 'starts from what was published' 'ranks=72 nodes=18 domains=1 requested_bytes=17179869184 busbw_gbps>=788.9'
for rule in 'wrong<=5%' 'bound_percent>=80%' 'busbw_gbps>=0%' 'busbw_gbps>=9%0'; do
    echo "all_reduce $rule" >percent.gate
    expect_status "$rule is no share of a reference" 2 "$busbar" contract --gate percent.gate good
done

# ---- the page to be signed
sed '0,/^# Proposed/s//# <script>alert(1)<\/script> reason\nall_reduce ranks=72 bound_percent>=40\n\n&/' rack.gate >signed.gate
real='for l in L: l["provenance"] = ["measured"]'
measure good "$real"
measure simulated ''
# The start nearest to the wanted size counts: the rack's own figure, 1.05 x 788.9, is nearer than one of another instance; a simulated one
# never counts. 90 % of 828.3: 745.5.
check 'a contract from measured results' "$busbar" contract --propose u-p6e-gb200x72 good
says 'starts from them' 'ranks=72 nodes=18 domains=1 requested_bytes=17179869184 busbw_gbps>=745.5'
says 'and names them' '(measured) reached 828.3 GB/s'
check 'a contract beside simulated results' "$busbar" contract --propose u-p6e-gb200x72 simulated
says 'starts from what was published' 'ranks=72 nodes=18 domains=1 requested_bytes=17179869184 busbw_gbps>=788.9'
lacks 'never from a simulation' '(simulated)' out
measure bad "$real
for l in L[1::2]: l['cases'][0]['us'] *= 1.1"
for format in html markdown; do
    check "the page as $format" "$busbar" contract --gate signed.gate --format "$format" --output "page.$format" good
    # Without escapes. HTML also has places where a browser may break a word, and spaces where it must not.
    if [ $format = html ]; then
        has 'has places to break' '<wbr>' page.html
        sed 's/<wbr>//g; s/\xc2\xa0/ /g' page.html >out
    else
        lacks 'has no tag of HTML' '<wbr>' page.markdown
        sed 's/\\//g' page.markdown >out
    fi
    for words in 'ACCEPTED: 0 of' 'For the supplier' 'For the customer' 'bound_percent' '+5.0 %' '95 % interval over launches' 'alert(1)'; do
        says "has: $words" "$words"
    done
    lacks 'reasons are escaped' '<script' "page.$format"
    check 'and the verdict stands alone' grep -q '[> *]ACCEPTED' "page.$format"
    expect_status 'of a rack that fails' 1 "$busbar" contract --gate signed.gate --format "$format" bad
    says 'says so' 'NOT ACCEPTED: 1 of'
    check 'of a simulated rack' "$busbar" contract --gate signed.gate --format "$format" simulated
    says 'accepts nothing' 'NOT A MEASUREMENT OF A REAL MACHINE, SO NO ACCEPTANCE: 0 of'
    if grep -q '[> *]ACCEPTED' "$work/out"; then not_ok 'in any place'; else ok 'in any place'; fi
done
for words in '<li value="4">all_reduce: the physical bound' 'the rule of 2<' 'no reason given'; do
    if [ "$words" = 'no reason given' ]; then has=0; else has=1; fi
    equal "the page's reasons stand below: $words" "$(grep -cF -- "$words" page.html)" $has
done

# ---- two racks: a long contract stays on two sheets of paper, also where every other rule fails
"$busbar" contract --propose u-p6e-gb200x72 --domains 2 --output racks.gate || not_ok 'two racks into a file'
measure held "$real" racks.gate
measure missed "$real
for l in L: l['cases'] = [dict(c, us=c['us'] * 1.3) if i % 2 and 'us' in c else c for i, c in enumerate(l['cases'])]" racks.gate
check 'two racks' "$busbar" contract --gate racks.gate --format html --output held.html held
says_in() { if grep -qF -- "$2" "$3"; then ok "$1"; else not_ok "$1: no '$2' in $3"; fi; }
says_in 'have 23 requirements' 'ACCEPTED: 0 of 23 requirements' held.html
expect_status 'two slow racks' 1 "$busbar" contract --gate racks.gate --format html --output missed.html missed
for page in held missed; do
    status=0
    MOST_SHEETS=2 timeout 150 "$browser" "$page.html" ${SHOTS:+"$SHOTS/$page"} >checks 2>err || status=$?
    case $status in
        77) skip "the page $page in a browser" 'Chromium is missing' ;;
        0 | 1) sed "s/^\(not \)\?ok - /&$page: /" checks; [ $status -eq 0 ] || failures=$((failures + 1)) ;;
        *) not_ok "the page $page in a browser"; tail -n 5 err ;;
    esac
done
