#!/usr/bin/env bash
# busbar show, plot and report on simulated runs, hostile names and the shipped references; the page in a real browser.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
busbar=$PWD/$build/busbar
export TMPDIR=$work

tests/data/synthetic-runs "$work/runs"
tests/data/synthetic-runs "$work/hostile" --hostile

# ---- tables ----
check 'show prints text' timeout 20 "$busbar" show --wide "$work/runs"
has 'with the interval that it states' '95 % interval over launches' "$work/out"
check 'show prints csv' timeout 20 "$busbar" show --format csv "$work/runs"
equal 'a line per case and run' "$(wc -l <"$work/out")" "$(python3 - "$work/out" <<'END'
import csv, sys
rows = list(csv.reader(open(sys.argv[1], encoding="utf-8")))
assert len({len(r) for r in rows}) == 1, "ragged"
print(len(rows))
END
)"
check 'show prints json' timeout 20 "$busbar" show --format json "$work/hostile"
cp "$work/out" "$work/all.json"
check 'which any parser reads' python3 -m json.tool "$work/all.json" /dev/null
check 'show prints markdown' timeout 20 "$busbar" show --format markdown "$work/hostile"
lacks 'without live markup' '<script' "$work/out"
{
    printf '{"record":"launch","schema":1,"run":"tight","launch":"l1","driver":"all_reduce","provenance":["simulated"]}\n'
    for kind in out_of_place/8/ok out_of_place/1024/skipped out_of_place/4096/skipped in_place/1024/ok in_place/4096/skipped in_place/8/too_large; do
        IFS=/ read -r placement bytes status <<<"$kind"
        printf '{"record":"case","key":"%s","collective":"all_reduce","mode":"isolated","placement":"%s","bytes":%s,"dtype":"float","op":"sum","nodes":1,"ranks":2,"status":"%s"' \
            "$kind" "$placement" "$bytes" "$status"
        if [ "$status" = ok ]; then printf ',"samples_us":[1,1,1],"wrong":0}\n'; else printf ',"error":"no time"}\n'; fi
    done
    printf '{"record":"end","status":"complete","cases":6}\n'
} >"$work/tight.jsonl"
check 'cases without a figure' "$busbar" show "$work/tight.jsonl"
equal 'are a line per reason, wherever they stand' "$(grep -E 'cases? of' "$work/out")" '  skipped: 3 cases of float sum, from 1 KiB: no time
  too_large: 1 case of float sum, from 8 B: no time'
expect_status 'show without results is wrong usage' 2 "$busbar" show
expect_status 'a missing folder is named' 5 "$busbar" show "$work/none"
expect_status 'binary input is no result' 5 "$busbar" show "$busbar"
printf '{"record":"launch","schema":2}\n' >"$work/newer.jsonl"
expect_status 'a newer schema is refused' 5 "$busbar" report "$work/newer.jsonl"
has 'with file and line' 'newer.jsonl:1' "$work/err"

# ---- plots ----
if ! command -v gnuplot >/dev/null; then
    skip 'plots and pages' 'gnuplot is missing'
    exit
fi
check 'plots in three formats' timeout 60 "$busbar" plot "$work/runs" --format svg,png,pdf --output "$work/plots"
check 'of several figures' test "$(find "$work/plots" -name '*.svg' | wc -l)" -ge 5
equal 'as many PNG as SVG' "$(find "$work/plots" -name '*.png' -size +4k | wc -l)" "$(find "$work/plots" -name '*.svg' -size +2k | wc -l)"
equal 'and PDF' "$(find "$work/plots" -name '*.pdf' -size +2k | wc -l)" "$(find "$work/plots" -name '*.svg' | wc -l)"
check 'every axis of times has two ticks or more' python3 - "$work/plots/plots.gp" <<'END'
import re, sys
ticks = re.findall(r"set ytics \(([^)]*)\)", open(sys.argv[1], encoding="utf-8").read())
sys.exit(not ticks or any(t.count(",") < 1 for t in ticks))
END
has 'a peak that is known is in the title' 'against the dense peak' "$work/plots/matmul.tsv"
check 'plots of the references' timeout 60 "$busbar" plot results/reference --format svg --output "$work/reference-plots"
for run in h100-roce h200-efa gb200-rack; do
    for i in 1 2 3; do
        mkdir -p "$work/ten/$i" && cp -r "$work/runs/$run" "$work/ten/$i"
        sed -i "s/\"run\":\"/&$i-/; s/\"started\":\"2026-11/\"started\":\"2026-0$i/" "$work/ten/$i/$run"/*.jsonl # else they are the same launches
    done
done
check 'plots of nine runs' timeout 60 "$busbar" plot "$work/ten" --format svg --output "$work/ten-plots"
check 'no two curves look alike, no label is cut' tests/e2e/plot-styles "$work/plots" "$work/reference-plots" "$work/ten-plots:9"
{
    printf '{"record":"launch","schema":1,"run":"cpu","launch":"l1","driver":"matmul","provenance":["simulated"]}\n'
    printf '{"record":"case","key":"k","gemm":"gemm","dtype":"double","m":1000,"n":1000,"k":1000,"phase":"burst","memory":"host","status":"ok","samples_us":[20000,20000,20000],"wrong":0}\n'
    printf '{"record":"end","status":"complete","cases":1}\n'
} >"$work/cpu.jsonl"
check 'a CPU that multiplies' timeout 60 "$busbar" plot "$work/cpu.jsonl" --output "$work/cpu-plots"
lacks 'has no peak in the title' 'peak' "$work/cpu-plots/matmul.tsv"
has 'is drawn in GFLOP/s' 'GFLOP/s' "$work/cpu-plots/plots.gp"
has 'which are 2mnk / time' 'burst 100' "$work/cpu-plots/matmul.tsv"
equal 'no SVG names a font family that browsers cannot know' "$(cat "$work"/plots/*.svg | grep -c 'font-family="[^"]*:')" 0
mkdir "$work/elsewhere"
check 'hostile names are drawn' env -C "$work/elsewhere" timeout 60 "$busbar" plot "$work/hostile" --output "$work/hostile-plots" --catalog "$PWD/results"
equal 'and run nothing' "$(find "$work" . -name 'PWNED*' | wc -l)" 0
for svg in "$work"/hostile-plots/*.svg; do
    python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$svg" >"$work/xml" 2>&1 || { not_ok "not XML: ${svg##*/}"; tail -n 1 "$work/xml"; }
done
equal 'no markup of theirs in the plots' "$(cat "$work"/hostile-plots/*.svg | grep -c '<script')" 0
expect_status 'a folder that cannot be made is named' 5 "$busbar" plot "$work/runs" --output "$work/newer.jsonl/x"
expect_status 'without gnuplot it says so' 5 env BUSBAR_GNUPLOT=/nonexistent "$busbar" plot "$work/runs" --output "$work/none-plots"

# ---- pages ----
check 'a page of simulated runs' timeout 60 "$busbar" report "$work/runs" --output "$work/page.html"
check 'again' timeout 60 "$busbar" report "$work/runs" --output "$work/page2.html"
check 'the same bytes' cmp "$work/page.html" "$work/page2.html"
has 'a ranking' 'against the first' "$work/page.html"
has 'the fastest is called so' 'fastest here' "$work/page.html"
has 'but not where the second is not told apart' 'shortest here' "$work/page.html"
has 'provenance is visible' 'simulated' "$work/page.html"
check 'prices have kind, date and age' grep -qE 'on-demand, 2026-[0-9-]+, [0-9]+ days old' "$work/page.html"
check 'a page of hostile names' timeout 60 "$busbar" report "$work/hostile" --output "$work/hostile.html"
lacks 'no script of theirs' '<script' "$work/hostile.html"
check 'for another workload' timeout 60 "$busbar" report "$work/runs" --workload moe-8x7b-ep --format markdown
has 'what was not measured is said' 'not comparable' "$work/out"
expect_status 'an unknown workload is wrong usage' 2 "$busbar" report "$work/runs" --workload none
has 'and the known ones are listed' 'llama-8b-fsdp' "$work/err"
# ---- a fresh clone: candidates, prices, what was published
day='--date 2026-11-28'
# shellcheck disable=SC2086 # two words
check 'a page of the references' timeout 60 "$busbar" report results/reference $day --output "$work/reference.html"
# shellcheck disable=SC2086
check 'and as markdown' timeout 60 "$busbar" report results/reference $day --format markdown
tr -d '\\' <"$work/out" >"$work/reference.md" # escapes
for candidate in 'aws u-p6e-gb200x72' 'aws u-p6e-gb300x72' 'azure ND128isr_NDR_GB200_v6' 'azure ND128isr_GB300_v6' 'gcp a4x-highgpu-4g' 'gcp a4x-maxgpu-4g-metal' \
    'oci BM.GPU.GB200.4' 'oci BM.GPU.GB300.4' 'coreweave gb200-4x' 'coreweave gb300-4x'; do
    has "a candidate: $candidate" "| $candidate" "$work/reference.md"
done
row=$(grep -F '| coreweave gb300-4x' "$work/reference.md")
for words in 'no price' 'not known: no NIC rate' 'no measurement'; do if [[ $row == *"$words"* ]]; then ok "which says: $words"; else not_ok "no '$words' in $row"; fi; done
has 'bounds at 1, 2 and 8 domains (2 x 71/72, 143/144, 575/576 x 950)' '1874 1887 1897' "$work/reference.md"
has 'what is impossible is listed' '**published, but impossible** gcp a4x-highgpu-4g, 8 GPUs, hosts with NVLink off: all_reduce 837.8 GB/s, 239 % of the bound of 350.0' "$work/reference.md"
has 'and an extent without a ranking has published equals' 'published, one figure each (16 GPUs, 16 GiB, in place, mean): gcp a4x-highgpu-4g 901.0 GB/s' "$work/reference.md"
has 'what is not alike stands apart with the reason' 'apart, since not alike, aws u-p6e-gb200x72 882.5 GB/s (16 GPUs, 16 GiB, placement not said, max over sizes).' "$work/reference.md"
has 'other sizes and numbers of GPUs stand below' 'azure ND128isr_GB300_v6 595.0 GB/s (8 GPUs, size not said, placement not said, max over sizes)' "$work/reference.md"
# DGX H100, MI300X and the test data of SuperBench are in no cloud.
has 'clouds are counted apart from other machines' 'of 3 runs (1 cloud) on 8 GPUs' "$work/reference.md"
has 'across domains, too' 'of 6 runs (5 clouds) on 16 GPUs' "$work/reference.md"
has 'prices have their date and age' 'on-demand, 2026-11-09, 19 days old' "$work/reference.md"
equal 'on the page, too: none without a date' "$(grep -o 'on-demand, [0-9]* days\|US\$ [0-9.]* (on-demand, [0-9]* days' "$work/reference.html" | wc -l)" 0
check 'an extent has one sentence in the answer, and the chart all runs' python3 - "$work/reference.html" <<'END'
import html, re, sys
answer = open(sys.argv[1], encoding="utf-8").read().split('<div class="answer">')[1].split("<h3")[0]
items = [(k, html.unescape(t)) for k, t in re.findall(r"<li><b>(.*?)</b> (.*?)</li>", answer)]
extents = [(k, t) for k, t in items if k.startswith("one ") or k.startswith("across")]
for kind, text in extents:
    assert len(re.findall(r"\.(?= [A-Z]|$)", text)) == 1, (kind, text)
assert [k for k, _ in extents] == ["one GPU host", "one NVLink domain", "across NVLink domains"], extents
group = re.search(r'<p class="group">domains, 16 GPUs</p>(.*?)</div>\n</div>', answer, re.S).group(1)
names = re.findall(r'<div class="bar"><span>(.*?)</span>', group)
assert len(names) == 6 and "GCP a3-mega H100" in names, names
details = re.findall(r"</span><span>(.*?US\$.*?)</span>", answer)
assert details and all(re.search(r", \d{4}-\d\d(-\d\d)?, \d+ days old", d) for d in details), details
END
has 'old ones are marked' 'days old OUT OF DATE' "$work/reference.md"
has 'unverified ones, too' '70 days old UNVERIFIED' "$work/reference.md"
if [ "$(grep -n -m 1 '^- ' "$work/reference.md" | cut -d: -f1)" -lt "$(grep -n -m 1 '^| ' "$work/reference.md" | cut -d: -f1)" ]; then ok 'sentences stand before any table'; else not_ok 'a table stands before the answer'; fi
row=$(grep -F '| azure ND128isr_GB300_v6 all_reduce, size not said' "$work/reference.md")
equal "the rack's edge without a NIC rate: across domains and hosts, no bound is known" "$(grep -o 'bound not known' <<<"$row" | wc -l)" 3
equal 'in one host there is one (2 x 3/4 x 900)' "$(grep -c '612.0 4 GPUs 45 % of bound 1350' <<<"$row")" 1
# shellcheck disable=SC2086
check 'its figures as csv' timeout 20 "$busbar" report results/reference $day --format csv
cp "$work/out" "$work/reference.csv"
check 'recomputed by another program' python3 tests/e2e/report-figures "$work/reference.csv" results 2026-11-28
# shellcheck disable=SC2086
check 'and as json' timeout 20 "$busbar" report results/reference $day --format json
cp "$work/out" "$work/reference.json"
check 'which has the figures and words of the page' python3 - "$work/reference.html" "$work/reference.json" <<'END'
import html, json, re, sys
page, data = open(sys.argv[1], encoding="utf-8").read(), json.load(open(sys.argv[2], encoding="utf-8"))
main = page.split('<section id="appendix">')[0]
words = " ".join(re.sub(r"\s+", " ", i["text"]) for s in data["sections"] for i in s.get("items", []))
missing = [t for t in re.findall(r"<li>(?:<b>.*?</b> )?(.*?)</li>", main) if re.sub(r"\s+", " ", html.unescape(t)) not in words]
# the first line of a table's cell, where it is one number
known = {f"{f[k]:.{d}f}" for f in data["figures"] for k in ("value", "lo", "hi", "usd_per_gpu_hour") if k in f for d in range(5)}
cells = re.findall(r'<td class="n">(\d+\.\d+)(?:<small>|</td>)', main)
missing += [c for c in cells if c not in known]
print(len(cells), "cells", missing[:5])
items = re.findall("<li>", main)
sys.exit(bool(missing) or len(cells) < 100 or len(items) < 10)
END
check 'other candidates' timeout 60 "$busbar" report results/reference --candidates b200,H200 --format markdown
has 'are those asked for' '| gcp a4-highgpu-8g' "$work/out"
lacks 'and no others' '| gcp a4x-highgpu-4g' "$work/out"
check 'none' timeout 60 "$busbar" report results/reference --candidates none --format markdown
lacks 'has no such part' 'Candidates' "$work/out"
expect_status 'an unknown GPU class is wrong usage' 2 "$busbar" report results/reference --candidates gb200,gb400
has 'and the known ones are listed' 'GB300' "$work/err"
# shellcheck disable=SC2086
check 'all that rent out a B300' timeout 60 "$busbar" report results/reference $day --candidates b300,b200 --format markdown
tr -d '\\' <"$work/out" >"$work/b300.md"
for row in 'aws p6-b300.48xlarge' 'coreweave b300-8x' 'oci BM.GPU.B300.8' 'hyperstack hyperstack-8x-b300'; do has "$row is listed" "| $row" "$work/b300.md"; done
has 'a second kind of price has its date and age, too' 'or 14.04 capacity-block 2026-08-11 109 days old OUT OF DATE' "$work/b300.md"
has 'spot beside on-demand' '8.60 on-demand 2026-09-20 69 days old clouds.tsv:34 or 4.26 spot 2026-09-20 69 days old' "$work/b300.md"
check 'as csv' timeout 60 "$busbar" report results/reference $day --candidates b200 --format csv
check 'it is there' grep -q '4\.26' "$work/out"
for price in p5.48xlarge p5.48xlarge=cheap p5.49xlarge=2; do expect_status "--price $price is wrong usage" 2 "$busbar" report "$work/runs" --price "$price"; done
expect_status 'a date that is none is wrong usage' 2 "$busbar" report "$work/runs" --date today
# One rack, measured at 850 and simulated at 1,800 GB/s. Only the measurement may stand in the candidate's row.
for provenance in simulated measured; do
    python3 - $provenance <<'END' | tests/data/launches "$work/rack-$provenance"
import json, sys
gbps = {"measured": 850, "simulated": 1800}[sys.argv[1]]
print(json.dumps([{"run": sys.argv[1], "launch": "l", "ranks": 72, "nodes": 18, "domains": 1, "cloud": "u-p6e-gb200x72", "gpu": "NVIDIA GB200",
                   "provenance": [sys.argv[1]], "hosts": [[f"h{h}", 4, "r0"] for h in range(18)],
                   "cases": [{"collective": "all_reduce", "bytes": 16 << 30, "us": (16 << 30) / gbps / 1e3 * 2 * 71 / 72},
                             {"gemm": "gemm", "dtype": "half", "phase": "burst", "tflops": 2000}]}]))
END
done
candidate() { grep -m 1 -F '| aws u-p6e-gb200x72' "$work/out"; } # the first table's row
check 'a simulated rack' timeout 60 "$busbar" report "$work/rack-simulated" --candidates gb200 --format markdown
candidate >"$work/row"
lacks 'its figure is no measurement of a candidate' simulated "$work/row"
equal 'the published one stays' "$(candidate | grep -c '882.5')" 1
check 'a measured rack' timeout 60 "$busbar" report "$work/rack-measured" "$work/rack-simulated" --candidates gb200 --format markdown
equal 'has its figure in the row' "$(candidate | grep -c '850.0')" 1
# Half has the same peak as bfloat16, of which 1592 is published.
equal 'a rate in half is none in bfloat16' "$(candidate | grep -c 'bf16 1592')" 1
# On an equal basis A has 400 and B 300 GB/s at US$ 3 and 2.5: A gives 133.3, B 120 GB/s per dollar, and A leads up to 3 x 133.3 / 120 = 3.33.
python3 - <<'END' | tests/data/launches "$work/lead"
import json
print(json.dumps([{"run": cloud, "launch": f"{cloud}-{i}", "ranks": 16, "nodes": 2, "domains": 2, "cloud": cloud, "gpu": "NVIDIA H100",
                   "cases": [{"collective": "all_reduce", "bytes": 1 << 30, "us": (1 << 30) / gbps / 1e3 * 15 / 8 * (1 + 0.0001 * i)}]}
                  for cloud, gbps in (("p5.48xlarge", 400), ("nebius-8x-h100", 300)) for i in range(6)]))
END
check 'who leads, and up to what price' timeout 60 "$busbar" report "$work/lead" --price p5.48xlarge=3 --price nebius-8x-h100=2.5 --format markdown
tr -d '\\' <"$work/out" >"$work/lead.md"
has 'is told' 'leads up to US$ 3.33 per GPU-hour' "$work/lead.md"
has 'and how sure that is' 'sure: its whole interval' "$work/lead.md"
# Cost and energy: 800 TFLOP/s at 700 W and 400 GB/s at 500 W, US$ 3: a step of 1.388e16 FLOPs and 132 all-reduces of 1 GiB takes
# 17.35 + 132 x 2^30 x 15/8 / 400e9 = 18.0144 s for 32768 tokens a GPU.
python3 - <<'END' | tests/data/launches "$work/energy"
import json
print(json.dumps([{"run": "e", "launch": f"e{i}", "ranks": 16, "nodes": 2, "domains": 2, "cloud": "p5.48xlarge", "gpu": "NVIDIA H100", "cases": [
    {"collective": "all_reduce", "bytes": 1 << 30, "us": (1 << 30) / 400 / 1e3 * 15 / 8, "telemetry": {"power_w": 500}},
    {"gemm": "gemm", "phase": "sustained", "tflops": 800, "telemetry": {"power_w": 700}}]} for i in range(6)]))
END
check 'cost and energy' timeout 60 "$busbar" report "$work/energy" --price p5.48xlarge=3 --format json
cp "$work/out" "$work/energy.json"
check 'agree with arithmetic' python3 - "$work/energy.json" <<'END'
import json, sys
rows = json.load(open(sys.argv[1], encoding="utf-8"))["figures"]
step = 17.35 + 132 * 2 ** 30 * 15 / 8 / 400e9
for unit, figure, expected in (("US$/EFLOP", "cost", 3 / 3600 * 1e6 / 800), ("J/TFLOP", "energy", 700 / 800),
                               ("US$ per million tokens", "without overlap", step * 3 / 3600 / 32768 * 1e6),
                               ("J per token", "without overlap", (17.35 * 700 + (step - 17.35) * 500) / 32768)):
    found = [r["value"] for r in rows if r.get("unit") == unit and r["figure"].endswith(figure)]
    assert len(found) == 1 and abs(found[0] / expected - 1) < 1e-4, (unit, found, expected)
END
has 'and stand in the answer' 'US$ 0.4581 per million tokens, 0.3808 J per token' "$work/energy.json"
# Seven clouds, twelve launches each on one host and on two: places, intervals, prices, energy, edges.
python3 - <<'END' | tests/data/launches "$work/priced"
import json
clouds = (("p5.48xlarge", "H100", 400, 800, 500, 700), ("p5en.48xlarge", "H200", 410, 720, 490, 695), ("p6-b200.48xlarge", "B200", 600, 1500, 700, 990),
          ("ND96isr_H100_v5", "H100", 390, 680, 510, 705), ("nebius-8x-h100", "H100", 380, 640, 480, 690), ("BM.GPU.H200.8", "H200", 420, 760, 520, 710),
          ("lambda-8x-b200", "B200", 590, 1350, 690, 985))
L = []
for cloud, gpu, gbps, tflops, watts, most in clouds:
    for i in range(12):
        slower = 1 + 0.001 * (7 * i % 12)
        for ranks, faster in ((16, 1), (8, 1.1)):
            cases = [{"collective": "all_reduce", "bytes": 1 << 30, "us": (1 << 30) / gbps / faster / 1e3 * 2 * (ranks - 1) / ranks * slower}]
            if ranks == 16:
                cases[0]["telemetry"] = {"power_w": watts}
                cases.append({"gemm": "gemm", "phase": "sustained", "tflops": tflops / slower, "telemetry": {"power_w": most}})
            L.append({"run": cloud, "launch": f"{ranks}-{i}", "ranks": ranks, "nodes": ranks // 8, "domains": ranks // 8, "cloud": cloud, "gpu": f"NVIDIA {gpu}", "cases": cases})
print(json.dumps(L))
END
# shellcheck disable=SC2086
check 'a page of places and prices' timeout 60 "$busbar" report "$work/priced" $day --candidates none --format csv
cp "$work/out" "$work/priced.csv"
check 'recomputed by another program' python3 tests/e2e/report-figures "$work/priced.csv" results 2026-11-28 "$work/priced"
# If one launch lacks its power, no energy is computed from its case.
sed -i 's/"telemetry": {"power_w": 500}, //; s/, "telemetry": {"power_w": 500}//' "$work/energy/e/e0.jsonl"
check 'a launch without power' timeout 60 "$busbar" report "$work/energy" --price p5.48xlarge=3 --format csv
has 'keeps the cost' ',US$ per million tokens,' "$work/out"
has 'and the energy of what all launches tell' ',J/TFLOP,' "$work/out"
lacks 'has no energy per GB' ',J/GB,' "$work/out"
lacks 'nor per token' ',J per token,' "$work/out"
# The rack's edge: 700, 850, 600 and, with NVLink off, 190 GB/s on GB200 with 900 GB/s of NVLink and 50 GB/s of NIC per GPU. Bounds: 2 x 3/4
# x 900, 2 x 71/72 x 950, 2 x 143/144 x 950; 18 hosts of 4 with NVLink off: 2 x 71/72 / (2 x 17/18 / 200). Another mode gets no place beside
# them.
python3 - <<'END' | tests/data/launches "$work/edge"
import json
def launch(name, run, nodes, domains, gbps, mode="pipelined", facts=None):
    n = 4 * nodes
    return {"run": run, "launch": name, "ranks": n, "nodes": nodes, "domains": domains, "cloud": "u-p6e-gb200x72", "gpu": "NVIDIA GB200",
            "facts": facts or {}, "cases": [{"collective": "all_reduce", "bytes": 1 << 30, "us": (1 << 30) / gbps / 1e3 * 2 * (n - 1) / n, "mode": mode}]}
off, on = {"nccl": {"mnnvl": False}}, {"nccl": {"mnnvl": True}}
print(json.dumps([launch("host", "edge", 1, 1, 700), launch("rack", "edge", 18, 1, 850, facts=on), launch("two", "edge", 36, 2, 600, facts=on),
                  launch("off", "edge", 18, 1, 190, facts=off), launch("host", "unlike", 1, 1, 700), launch("rack", "unlike", 18, 1, 850, "isolated")]))
END
check "the rack's edge" timeout 60 "$busbar" report "$work/edge" --candidates none --format json
cp "$work/out" "$work/edge.json"
check 'agrees with arithmetic' python3 - "$work/edge.json" <<'END'
import json, sys
rows = [r for r in json.load(open(sys.argv[1], encoding="utf-8"))["figures"] if " edge" in r["figure"] and r["provenance"] == "simulated"]
key = lambda r: (r["figure"], r["ranks"])
found = sorted((*key(r), r["value"], r.get("bound_percent")) for r in rows)
share = {4: 700 / 1350, 72: 850 / (2 * 71 / 72 * 950), 144: 600 / (2 * 143 / 144 * 950), "off": 190 / (71 / 72 * 200 / (17 / 18))}
expected = sorted([("all_reduce edge busbw", 4, 700, 100 * share[4]), ("all_reduce edge busbw", 72, 850, 100 * share[72]),
                   ("all_reduce edge busbw", 144, 600, 100 * share[144]), ("all_reduce edge busbw", 72, 190, 100 * share["off"]),
                   ("all_reduce edge, against one host", 72, 100 * (850 / 700 - 1), None),
                   ("all_reduce edge, against one domain", 144, 100 * (600 / 850 - 1), None),
                   ("all_reduce edge, against NVLink on", 72, 100 * (190 / 850 - 1), None)])
print(found)
near = lambda a, b: a == b or None not in (a, b) and abs(a - b) < 1e-3 * abs(b)
assert [f[:2] for f in found] == [e[:2] for e in expected], expected
assert all(near(f[i], e[i]) for f, e in zip(found, expected) for i in (2, 3)), expected
END
has 'and stands in the answer' '-29 % from 72 GPUs in one domain to 144 across domains, -78 % on 72 GPUs with NVLink off' "$work/edge.json"
# shellcheck disable=SC2086
check 'a price of ours' timeout 60 "$busbar" report "$work/lead" --price p5.48xlarge=2.5:reserved:2026-11-01 $day --format csv
has 'is used with its kind and age' ',2.5,reserved,2026-11-01,27,' "$work/out"
# A run of this machine stands beside no cloud.
sed 's/"provenance":\["simulated"\]/"provenance":["measured"],"world":{"nodes":1,"ranks":1}/' "$work/cpu.jsonl" >"$work/here.jsonl"
check 'a run of a machine without GPUs beside clouds' timeout 60 "$busbar" report "$work/here.jsonl" "$work/lead" --format markdown
has 'is left out and named' 'Left out: cpu' "$work/out"
check 'unless it is asked for' timeout 60 "$busbar" report "$work/here.jsonl" "$work/lead" --local --format markdown
lacks 'then it is not' 'Left out' "$work/out"
check 'or is the only one' timeout 60 "$busbar" report "$work/here.jsonl" --format markdown
lacks 'then neither' 'Left out' "$work/out"

check 'headline figures as csv' timeout 20 "$busbar" report "$work/runs" --format csv
has 'with figures' 'all_reduce best busbw' "$work/out"
check 'the figures of a CPU' "$busbar" report "$work/cpu.jsonl" --format csv
has 'are not called those of a GPU' 'one CPU' "$work/out"
order() { # RUN VALUE…: writes one launch of the run per value
    local i=0
    for placement in "${@:2}"; do
        i=$((i + 1))
        printf '{"record":"launch","schema":1,"run":"%s","launch":"l%s","provenance":["simulated"],"facts":{"cpu":"%s","nic":"%s","double_gflops":"%s"}}\n' "$1" $i "$placement" "$1" "$1" >"$work/order/$1-$i.jsonl"
        printf '{"record":"case","key":"k","collective":"all_reduce","bytes":8,"dtype":"float","op":"sum","nodes":1,"ranks":2,"status":"ok","samples_us":[1,1,1],"wrong":0}\n{"record":"end","status":"complete","cases":1}\n' >>"$work/order/$1-$i.jsonl"
    done
}
mkdir "$work/order"
order a one two two
order b two one
check 'runs whose launches say the same in another order' timeout 60 "$busbar" report "$work/order" --format markdown
has 'do not differ in it' '| cpu | one \| two | one \| two |' "$work/out"
has 'but in the rest' '≠ nic' "$work/out"
lacks 'and measured speeds are no environment' gflops "$work/out"
has 'equal numbers of ranks are compared' 'Compared at the largest size that all have' "$work/out"
lacks 'and not called unlike' 'Not comparable with each other' "$work/out"
has 'others are' 'Not comparable with each other' "$work/page.html"
check 'a page of nine runs' timeout 60 "$busbar" report "$work/ten" --output "$work/ten.html"
size=$(stat -c %s "$work/ten.html")
if [ "$size" -lt 2000000 ]; then ok 'below 2 MB'; else not_ok "nine runs take $size bytes"; fi
check 'a page not redacted' timeout 60 "$busbar" report "$work/runs" --format markdown --output "$work/named.md"
for name in h100-roce-host00 165092300 5ca1ab1e-0000-4000-8000-000000000000; do has "has $name" "$name" "$work/named.md"; done
check 'a redacted page' timeout 60 "$busbar" report "$work/runs" --redact --format markdown --output "$work/redacted.md" --plots "$work/redacted-plots"
for name in -host0 16509230 5ca1ab1e; do
    equal "has no $name" "$(cat "$work/redacted.md" "$work"/redacted-plots/*.tsv | grep -c -e "$name")" 0
done
for name in host-1 serial-1 uuid-1; do has "has $name instead" "$name" "$work/redacted.md"; done
# A run of one rank has no bus bandwidth: the page shows it without that figure, beside a run that has one.
for ranks in 1 4; do
    mkdir -p "$work/bus$ranks"
    {
        printf '{"record":"launch","schema":1,"run":"r%s","launch":"l","driver":"all_reduce","provenance":["simulated"],"world":{"nodes":1,"ranks":%s,"ranks_per_node":%s}}\n' $ranks $ranks $ranks
        printf '{"record":"case","pass":0,"collective":"all_reduce","mode":"isolated","placement":"out_of_place","requested_bytes":1048576,"bytes":1048576,"dtype":"float","op":"sum","nodes":1,"ranks":%s,"group":"world","samples_us":[76.5,77.3,78.1],"median_us":77.3,"algbw_gbps":13.57,%s"wrong":0,"status":"ok"}\n' \
            $ranks "$([ $ranks = 1 ] || echo '"busbw_gbps":17.3,')"
        printf '{"record":"end","status":"complete","cases":1,"elapsed_s":1}\n'
    } >"$work/bus$ranks/l.jsonl"
done
for runs in "$work/bus1" "$work/bus1 $work/bus4"; do
    # shellcheck disable=SC2086 # a list
    check "a report on $(wc -w <<<"$runs") run(s), one without a bus" timeout 60 "$busbar" report $runs --output "$work/bus.html"
    check 'has its time' python3 - "$work/bus.html" <<'END'
import re, sys
cells = re.findall(r"<td[^>]*>\s*([^<]*?)\s*</td>", open(sys.argv[1], encoding="utf-8").read())
sys.exit("77.30" not in cells)
END
done
equal 'no temporary folder is left' "$(find "$work" -maxdepth 1 -name 'busbar-plots-*' | wc -l)" 0

for page in page hostile reference; do
    status=0
    sheets=12
    if [ $page = hostile ]; then sheets=16; fi # for its endless names
    if [ $page = reference ]; then first=1; else first=; fi
    FIRST_SCREEN=$first MOST_SHEETS=$sheets timeout 150 tests/e2e/browser-check "$work/$page.html" ${SHOTS:+"$SHOTS/$page"} >"$work/checks" 2>"$work/err" || status=$?
    if [ "$status" -eq 77 ]; then
        skip "the $page page in a browser" 'no Chromium is installed'
        continue
    fi
    sed "s/^\(not \)\?ok - /&$page page: /" "$work/checks"
    failures=$((failures + $(grep -c '^not ok' "$work/checks")))
    if ! grep -q 'no script' "$work/checks"; then not_ok "the $page page in a browser: the check broke off"; tail -n 3 "$work/err"; fi
done
