#!/usr/bin/env bash
# busbar export and --format nccl-tests: the text of nccl-tests 2.19, byte for byte, and its JSON.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
export_() { timeout 60 "$build/busbar" export "$@"; }
table() { sed -n '/^# .*out-of-place/,/^# Collective test concluded/p' "$1"; }

# The functions of nccl-tests 2.19.6 (src/util.cu: header, rows, footer) printed the golden text from the figures of rows.jsonl.
check "export" export_ tests/data/export/rows.jsonl
table "$work/out" >"$work/ours"
table tests/data/export/nccl-tests-2.19.6.txt >"$work/theirs"
identical "the table is nccl-tests' to the byte" "$work/ours" "$work/theirs"

# Exporting an imported log gives the table and the footer of the golden log, byte for byte.
check "import" "$build/busbar" import --output "$work/records" --run log tests/data/import/plain_2.19.log
check "export of the import" export_ "$work/records/log"
says "one line says what it is" "# busbar "
grep -E '^ +[0-9]' "$work/out" >"$work/ours"
grep -E '^ +[0-9]' tests/data/import/plain_2.19.log >"$work/theirs"
identical "the rows come out as they came in" "$work/ours" "$work/theirs"

# An operation for which nccl-tests has no test is not exported under the name of another test.
check "import of pairs" "$build/busbar" import --output "$work/records" --run pairs tests/data/import/formats/osu_pairs.txt
expect_status "a ping-pong is no sendrecv_perf" 5 export_ "$work/records/pairs"
says "and is named" "sendrecv, ping_pong: left out: nccl-tests has no such test"

check "export as JSON" export_ --format nccl-tests-json "$work/records/log"
cp "$work/out" "$work/export.json"
check "it is nccl-tests' version 3" python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
keys = ["version", "start_time", "args", "env", "nccl_version", "config", "results", "out_of_bounds", "average_bus_bandwidth", "errors", "end_time"]
assert [k for k in keys if k not in d] == [] and d["version"] == 3 and d["env"] == [] and d["nccl_version"] == 22902, d
assert d["args"][0] == "all_reduce_perf" and d["config"]["step_factor"] == 16 and len(d["results"]) == 4
r = d["results"][0]
assert (r["size"], r["count"], r["type"], r["redop"], r["root"].strip()) == (1048576, 262144, "float", "sum", "-1")
assert r["out_of_place"]["time"] > 0 and r["in_place"]["nwrong"] == 0
' "$work/export.json"
check "import of the export" "$build/busbar" import --check --format csv --ranks 16 "$work/export.json"
says "the same figures" ",467.90,472.62,"
check "import again" "$build/busbar" import --output "$work/records" --run several tests/data/import/several_tables.log
expect_status "a JSON document holds one test" 2 export_ --format nccl-tests-json "$work/records/several"
check "several go to files" export_ --format nccl-tests-json --output "$work/json" "$work/records/several"
count=$(find "$work/json" -name '*.json' | wc -l)
if [ "$count" -eq 7 ]; then ok "seven of them"; else not_ok "$count files instead of seven"; fi
expect_status "never overwritten" 5 export_ --format nccl-tests-json --output "$work/json" "$work/records/several"
expect_status "no records" 5 export_ "$work/none"
expect_status "nothing given" 2 export_
check 'any spelling of a collective' export_ --collective allreduce "$work/records/log"
expect_status "unknown collective" 2 export_ --collective x "$work/records/log"
printf '%s\n' '{"record":"launch","schema":1,"run":"x","launch":"../../y","provenance":["imported"],"backend":"a\nb",
"world":{"hosts":[{"name":"h\nost","ranks":2}]}}' | tr -d '\n' >"$work/hostile.jsonl"
# shellcheck disable=SC2016 # backquotes as data
printf '\n%s\n' '{"record":"case","collective":"all_reduce","bytes":8,"requested_bytes":8,"ranks":2,"dtype":"fl\noat","op":"`x`","status":"ok","time_us":1}' >>"$work/hostile.jsonl"
printf '%s\n' '{"record":"case","collective":"all_reduce","bytes":8,"requested_bytes":8,"ranks":2,"status":"error","error":"two\nlines"}' >>"$work/hostile.jsonl"
printf '%s\n' '{"record":"case","collective":"broadcast","bytes":8,"requested_bytes":8,"ranks":2,"status":"ok","samples_us":[1,2]}' >>"$work/hostile.jsonl"
check "hostile words" export_ "$work/hostile.jsonl"
says "of a backend too" "backend a?b:"
says "stay on their line" "separate buffers: two?lines"
check "hostile names" export_ --output "$work/files" "$work/hostile.jsonl"
check "stay in their folder" test ! -e "$work/y-all_reduce-0.txt"

# One rank in place moves no data: 64 MiB in 0.03 us are no bandwidth anywhere. The copy to a second buffer has one: 64 MiB in 6.7 ms, 10 GB/s.
tests/data/launches "$work/alone" <<'END'
[{"run": "one", "launch": "a", "ranks": 1, "cases": [{"collective": "all_reduce", "bytes": 67108864, "placement": "in_place", "us": 0.03},
  {"collective": "all_reduce", "bytes": 67108864, "us": 6710.8864}]},
 {"run": "two", "launch": "a", "ranks": 1, "cases": [{"collective": "all_reduce", "bytes": 67108864, "placement": "in_place", "us": 0.03},
  {"collective": "all_reduce", "bytes": 67108864, "us": 6710.8864}]}]
END
check "one rank, as nccl-tests' text" export_ "$work/alone/one"
cp "$work/out" "$work/alone.txt"
equal "in place has no algorithm bandwidth" "$(awk '$1 == 67108864 { print $6, $7, $8, $10, $11, $12 }' "$work/out")" "6710.89 10.00 0.00 0.03 N/A 0.00"
check "as its JSON" export_ --format nccl-tests-json "$work/alone/one"
cp "$work/out" "$work/alone.json"
check "nor there" python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))["results"][0]
assert r["in_place"]["alg_bw"] is None and abs(r["out_of_place"]["alg_bw"] - 10) < 1e-9, r' "$work/out"
for log in alone.txt alone.json; do
    check "import of the $log" "$build/busbar" import --ranks 1 --output "$work/records" --run "$log" "$work/$log"
    check "keeps it so" python3 -c '
import json, sys
rows = [r for r in map(json.loads, open(sys.argv[1])) if r["record"] == "case"]
assert {r["placement"]: round(r.get("algbw_gbps", -1)) for r in rows} == {"in_place": -1, "out_of_place": 10}, rows' "$work/records/$log"/*.jsonl
done
# A log of another tool that prints one, and a record with one that an older busbar wrote.
sed 's| N/A    0.00| 2e+06    0.00|' "$work/alone.txt" >"$work/printed.txt"
check "import of a printed bandwidth in place" "$build/busbar" import --ranks 1 --output "$work/records" --run printed "$work/printed.txt"
lacks "leaves it out" '"algbw_gbps":2' "$work"/records/printed/*.jsonl
check "show" "$build/busbar" show "$work/alone/one"
lacks "names the copy as the best" "2236962 GB/s" "$work/out"
says "with its bandwidth" "reaches 10.00 GB/s of algorithm bandwidth"
check "show --format csv" "$build/busbar" show --format csv "$work/alone/one"
lacks "has no such rate" ",223696" "$work/out"
check "compare --show bandwidth" "$build/busbar" compare --show bandwidth "$work/alone/one" "$work/alone/two"
equal "one of two cases has a rate" "$(grep -c '10.00 GB/s' "$work/out") $(grep -c 'GB/s' "$work/out")" "1 1"
echo 'all_reduce placement=in_place algbw_gbps>=1' >"$work/alone.gate"
expect_status "no contract passes on it" 1 "$build/busbar" contract --gate "$work/alone.gate" "$work/alone/one"
says "for it was not measured" "algbw_gbps was not measured"
# Tables that nccl-tests' columns do not tell apart have a heading each, and list the ranks that ran the operation.
python3 - "$work/settings.jsonl" <<'END'
import json, sys
row = {"record": "case", "collective": "alltoallv", "bytes": 64, "requested_bytes": 64, "ranks": 4, "dtype": "float", "mode": "pipelined",
       "cache": "warm", "memory": "device", "placement": "out_of_place", "status": "ok", "samples_us": [1]}
others = [{"imbalance": "1"}, {"imbalance": "1.5:send"}, {"sync": "window"}, {"registration": "user"}, {"cta": "4"},
          {"ranks": 2, "group": "beside"}, {"ranks": 2, "group": "beside", "beside": "alltoall:64K"},
          {"ranks": 2, "group": "pairs", "groups": [{"ranks": [1, 3]}, {"ranks": [0, 2]}]}]
header = {"record": "launch", "schema": 1, "run": "x", "launch": "y", "backend": "nccl", "world": {"hosts": [{"name": "h", "ranks": 4}]}}
with open(sys.argv[1], "w") as out:
    for line in [header, row] + [{**row, **other} for other in others]: print(json.dumps(line), file=out)
END
check 'tables of unlike settings' export_ "$work/settings.jsonl"
cp "$work/out" "$work/settings.txt"
equal 'have a heading each' "$(grep '^# busbar' "$work/settings.txt" | sed 's/.*every time/+/')" '+
+, imbalance 1
+, imbalance 1.5:send
+, window sync
+, registration user
+, CTA policy 4
+, group beside of 2 ranks
+, while other ranks run alltoall:64K, group beside of 2 ranks
+, group pairs of 2 ranks (one of 2 is listed)'
equal 'and a list of the devices of all ranks, of one group, or none' "$(awk '/^# busbar/ { printf "+" } /^#  Rank/ { printf "%s@%s ", $3, $11 }' "$work/settings.txt")" \
    "$(for _ in 1 2 3 4 5 6; do printf '+0@0 1@1 2@2 3@3 '; done)+++0@1 1@3 "
check 'they are imported again' "$build/busbar" import --check --format csv "$work/settings.txt"
equal 'with the ranks of the operation' "$(awk -F, 'NR > 1 { print $7 }' "$work/out" | tr '\n' ' ')" '4 4 4 4 4 4 2 2 2 '
check 'as JSON' export_ --format nccl-tests-json --output "$work/settings" "$work/settings.jsonl"
check 'the same ranks' python3 -c '
import glob, json, sys
ranks = [[d["rank"] for d in json.load(open(sys.argv[1] + f"/y-alltoallv-pipelined-{i}.json"))["config"]["devices"]] for i in (0, 6, 8)]
assert ranks == [[0, 1, 2, 3], [], [0, 1]], ranks' "$work/settings"

# Metrics for Prometheus. 100 us for 1 MiB on 8 ranks are 2 * 7/8 * 2^20 / 1e-4 s = 1.835008e10 bytes/s; 500 of 1000 TFLOP/s are 0.5.
tests/data/launches "$work/metrics" <<'END'
[{"run": "old", "launch": "a", "ranks": 8, "started": "2026-01-01T00:00:00Z", "cases": [{"collective": "all_reduce", "bytes": 1048576, "us": 900}]},
 {"run": "new", "launch": "b", "ranks": 8, "started": "2026-01-01T23:00:00Z", "cases": [
  {"collective": "all_reduce", "bytes": 1048576, "status": "skipped"}, {"gemm": "gemm", "tflops": 500, "peak_tflops": 1000}]},
 {"run": "new", "launch": "a", "ranks": 8, "started": "2026-01-02T00:00:00Z", "cases": [{"collective": "all_reduce", "bytes": 1048576, "us": 100},
  {"collective": "all_reduce", "bytes": 8, "wrong": 3, "status": "wrong", "us": 5},
  {"collective": "broadcast\\ \"q\"\nx", "bytes": 8, "us": 5}, {"gemm": "gemm", "tflops": 500, "peak_tflops": 1000}]}]
END
check "metrics" export_ --format openmetrics "$work/metrics"
cp "$work/out" "$work/metrics.prom"
metric() { # NAME FAMILY PATTERN VALUE: checks the value of the only line of the family whose labels match the pattern
    local value
    value=$(grep -E "^$2\{" "$work/metrics.prom" | grep -F "$3" | sed 's/.* //')
    if [ "$value" = "$4" ]; then ok "$1"; else not_ok "$1: '$value', expected $4"; fi
}
metric "the newest time, in seconds" busbar_time_seconds 'bytes="1048576"' 0.0001
metric "bandwidth in bytes a second" busbar_bus_bandwidth_bytes_per_second 'bytes="1048576"' 1.835008e+10
metric "a matmul's rate" busbar_matmul_operations_per_second 'collective="matmul"' 5e+14
metric "and its share of the peak" busbar_bound_ratio 'collective="matmul"' 0.5
metric "when it was measured" busbar_measured_timestamp_seconds 'bytes="1048576"' "$(date -u -d 2026-01-02 +%s)"
metric "a launch without a figure" busbar_launches_without_figure 'bytes="1048576"' 1
metric "not where all have one" busbar_launches_without_figure 'collective="matmul"' 0
metric "nor a row" busbar_launches_without_figure 'collective="broadcast' 1
metric "wrong data are told" busbar_wrong_elements '/sum/8/' 3
metric "and have no time" busbar_time_seconds '/sum/8/' ''
metric "labels are escaped" busbar_launches 'collective="broadcast\\ \"q\"\nx"' 1
check "the last line is OpenMetrics'" test "$(tail -n 1 "$work/metrics.prom")" = '# EOF'
if command -v promtool >/dev/null; then
    promtool check metrics <"$work/metrics.prom" >"$work/out" 2>&1 && status=0 || status=$?
    if [ "$status" -eq 0 ]; then ok "promtool accepts them"; else not_ok "promtool: $(cat "$work/out")"; fi
else
    skip "promtool accepts them" "promtool is missing"
fi
"$build/busbar" history --format json "$work/metrics" >"$work/verdicts.json"
check "with the verdicts of history, as a file" export_ --format openmetrics --verdicts "$work/verdicts.json" --output "$work/busbar.prom" "$work/metrics"
check "a verdict for each case" test "$(grep -c '^busbar_verdict{' "$work/busbar.prom")" -ge 3
expect_status "verdicts that are none" 3 export_ --format openmetrics --verdicts "$work/metrics.prom" "$work/metrics"
expect_status "verdicts for nccl-tests" 2 export_ --verdicts "$work/verdicts.json" "$work/metrics"
check "the dashboard asks for metrics that there are" python3 -c '
import json, re, sys
known = set(re.findall(r"^# TYPE (\w+)", open(sys.argv[1]).read(), re.M))
asked = set(re.findall(r"busbar_\w+", open("scripts/ci/grafana-dashboard.json").read()))
assert asked and asked <= known, asked - known' "$work/busbar.prom"

# The text that a driver prints.
if [ -x "$build/all_reduce" ]; then
    check "-n 20 -w 5, as users of nccl-tests type it" ranks 2 "$build/all_reduce" --format nccl-tests -b 8 -e 64 -n 20 -w 5 --output none
    says "prints these numbers" "warmup iters: 5 iters: 20 "
    check "-n 20 alone" ranks 2 "$build/all_reduce" --format nccl-tests -b 8 -e 64 -n 20 --output none
    says "warms up as briefly" "warmup iters: 5 iters: 20 "
    check "a driver with --format nccl-tests" ranks 2 "$build/all_reduce" --format nccl-tests --mode pipelined -b 8 -e 1K -f 2 -n 20 --output none
    cp "$work/out" "$work/driver"
    rows=$(grep -cE '^ +[0-9]+ +[0-9]+ +float +sum +-1( +[0-9.e+]+){3} +0( +[0-9.e+]+){3} +0$' "$work/driver")
    if [ "$rows" -eq 8 ]; then ok "eight checked rows"; else not_ok "$rows rows instead of eight"; fi
    expect_status "its own line says what was measured" 0 grep -q '^# busbar .*mean over iterations, maximum over ranks, operations back to back, the same buffers every time$' "$work/driver"
    # Rank 1 takes a hundred times as long for each sample. Of two ranks, the mean lies halfway between them, in every launch. Where other work
    # disturbs rank 0, the two are nearer to each other: one of five launches must show them 50 times apart.
    plain() {
        rm -rf "$work/records/plain"
        ranks 2 "$build/all_reduce" --format nccl-tests --sizes 64K -n 10 --output "$work/records" --run plain --fault slow:rank=1,percent=10000
    }
    is_mean() { # LEAST: the ratio of the ranks' times
        python3 - "$1" "$work"/records/plain/*.jsonl <<'E2'
import json, sys
rows = [r for r in map(json.loads, open(sys.argv[2])) if r["record"] == "case"]
assert len(rows) == 2, len(rows)
for r in rows:
    ranks = r["rank_wait_us"]
    assert ranks["max"] > float(sys.argv[1]) * ranks["min"] and abs(r["time_us"] / ((ranks["min"] + ranks["max"]) / 2) - 1) < 1e-6, r
    assert len(r["samples_us"]) == 1 and abs(r["samples_us"][0] / r["time_us"] - 1) < 1e-6 and r["batch"] == 10 and r["kept"] == "all", r
    assert (r["statistic"], r["rank_reduction"], r["includes_launch"]) == ("mean", "mean", True), r
    assert abs(r["algbw_gbps"] / (65536 / r["time_us"] / 1e3) - 1) < 1e-6, r
E2
    }
    for _ in 1 2 3 4 5; do
        check "without --mode, as nccl-tests" plain
        cp "$work/out" "$work/plain"
        check "the record has the mean over ranks, of one loop, and says what it is" is_mean 1
        if is_mean 50 2>/dev/null; then break; fi
    done
    check "ranks 50 times apart" is_mean 50
    cp "$work/plain" "$work/out"
    says "the line says so" "mean over iterations, mean over ranks, operations back to back, host's clock, the same buffers every time"
    says "all operations are one loop" "iters: 10 "
    expect_status "with warm buffers" 0 grep -q '/out_of_place/nccl-tests/barrier/warm/' "$work"/records/plain/*.jsonl
    check "show has the mean" "$build/busbar" show "$work/records/plain"
    says "under its name" "nccl-tests"
    check "without -n: loops of twenty" ranks 2 "$build/all_reduce" --mode nccl-tests --sizes 64K --max-seconds 0.1 --output "$work/records" --run loops
    equal "in our table" "$(tr -s '\n ' ' ' <"$work/out" | grep -cF "nccl-tests: mean over operations and ranks, on the host's clock")" 1
    check "in the record" python3 - "$work"/records/loops/*.jsonl <<'E2'
import json, sys
rows = [r for r in map(json.loads, open(sys.argv[1])) if r["record"] == "case"]
assert rows and all(r["batch"] == 20 and abs(sum(r["samples_us"]) / len(r["samples_us"]) / r["time_us"] - 1) < 1e-6 for r in rows), rows
E2
    check "with --cache cold and one by one" ranks 2 "$build/all_reduce" --format nccl-tests --mode isolated --cache cold --sizes 64K -n 5 --passes 1 \
        --output "$work/records" --run unlike
    says "the line says so" "one operation at a time, buffers rotated beyond the caches (--cache cold; nccl-tests reuses them)"
    check "export of it" export_ "$work/records/unlike"
    says "says the same" "one operation at a time, buffers rotated beyond the caches (--cache cold; nccl-tests reuses them)"
    # The flags with which SuperBench starts nccl-tests.
    check "SuperBench's command line" ranks 2 "$build/all_reduce" -b 8 -e 1K -f 2 -g 1 -c 0 -n 20 -w 5 -G 0 -d float --format nccl-tests --output none
    # Widths of nccl-tests: every row is as long as its header line.
    if awk '/^#  +size/ { n = length($0) } /^ +[0-9]/ && length($0) != n - 1 { bad = 1 } END { exit bad || !n }' "$work/driver"
    then ok "columns under their names"; else not_ok "columns under their names"; fi
    check "it is imported" "$build/busbar" import --check --format csv "$work/driver"
    says "as what it is" ",1,all_reduce,8,8,1024,2,1,2,"
    check 'groups of ranks' ranks 4 "$build/all_reduce" --format nccl-tests --group pairs,2 --sizes 8 -n 5 --output none
    equal 'one of each is listed' "$(awk '/^#  Rank/ { printf "%s@%s ", $3, $11 }' "$work/out")" '0@0 1@2 0@0 1@1 '
    check "unchecked" ranks 2 "$build/all_reduce" --format nccl-tests -b 8 -e 8 -n 20 -c 0 --output none
    if grep -qE '^ +8 .* N/A .* N/A$' "$work/out"; then ok "N/A when unchecked"; else not_ok "N/A when unchecked"; fi
else
    skip "a driver with --format nccl-tests" "no drivers here"
fi
