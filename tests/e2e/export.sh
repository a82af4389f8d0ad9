#!/usr/bin/env bash
# busbar export and --format nccl-tests: nccl-tests 2.19's text to the byte, and its JSON.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
export_() { timeout 60 "$build/busbar" export "$@"; }
table() { sed -n '/^# .*out-of-place/,/^# Collective test concluded/p' "$1"; }

# The golden text was printed by nccl-tests 2.19.6's own functions (src/util.cu: header, rows, footer) from the figures of rows.jsonl.
check "export" export_ tests/data/export/rows.jsonl
table "$work/out" >"$work/ours"
table tests/data/export/nccl-tests-2.19.6.txt >"$work/theirs"
check "the table is nccl-tests' to the byte" cmp "$work/ours" "$work/theirs"

# What was imported comes out again: table and footer of the golden log, to the byte.
check "import" "$build/busbar" import --output "$work/records" --run log tests/data/import/plain_2.19.log
check "export of the import" export_ "$work/records/log"
says "one line says what it is" "# busbar "
grep -E '^ +[0-9]' "$work/out" >"$work/ours"
grep -E '^ +[0-9]' tests/data/import/plain_2.19.log >"$work/theirs"
check "the rows come out as they came in" cmp "$work/ours" "$work/theirs"

# What nccl-tests has no test for does not come out under the name of one.
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

# A driver's own text.
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
    check "without --mode, as nccl-tests" ranks 2 "$build/all_reduce" --format nccl-tests --sizes 64K -n 5 --passes 1 --output "$work/records" --run plain
    says "operations run back to back" "operations back to back, the same buffers every time"
    expect_status "with warm buffers" 0 grep -q '/out_of_place/pipelined/barrier/warm/' "$work"/records/plain/*.jsonl
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
    check "unchecked" ranks 2 "$build/all_reduce" --format nccl-tests -b 8 -e 8 -n 20 -c 0 --output none
    if grep -qE '^ +8 .* N/A .* N/A$' "$work/out"; then ok "N/A when unchecked"; else not_ok "N/A when unchecked"; fi
else
    skip "a driver with --format nccl-tests" "no drivers here"
fi
