#!/usr/bin/env bash
# busbar scan on records with several rails and with hosts that were not measured; then the short form of the scans on a cluster.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# record HOSTS RAILS BAD FOLDER [GROUP]: writes LAUNCHES [2] launches with every pair once on every rail at 48 GB/s; at 20 GB/s if BAD is
# true, a Python expression over host a, host b and rail (from 0). GROUP: "bisect", or the name of a host without figures.
record() {
    local launch
    mkdir -p "$work/$4"
    for launch in $(seq "${LAUNCHES:-2}"); do one_launch "$@" >"$work/$4/l$launch.jsonl"; done
}
one_launch() {
    python3 - "$@" <<'END'
import json, os, sys
hosts, rails, bad, only = int(sys.argv[1]), int(sys.argv[2]), eval("lambda a, b, rail: " + sys.argv[3]), sys.argv[5:]
world = [{"name": "n%d" % h, "ranks": rails, "domain": "rack%d" % (h // 4)} for h in range(hosts)]
print(json.dumps({"record": "launch", "schema": 1, "run": "r", "launch": "l", "driver": "all_reduce", "backend": "nccl", "provenance": ["simulated"],
                  "world": {"nodes": hosts, "ranks": hosts * rails, "ranks_per_node": rails, "hosts": world}}, separators=(",", ":")))
def row(group, pairs):
    groups = []
    for a, b in pairs:
        for rail in range(rails):
            gbps = 20 if bad(a, b, rail) else 48
            groups.append({"ranks": [a * rails + rail, b * rails + rail], "hosts": ["n%d" % a, "n%d" % b], "median_us": 2**26 / gbps / 1e3, "busbw_gbps": gbps})
    groups.sort(key=lambda g: -g["median_us"])
    time = groups[0]["median_us"]
    print(json.dumps({"record": "case", "key": "all_reduce/" + group, "pass": 0, "collective": "all_reduce", "mode": "pipelined", "placement": "out_of_place",
                      "memory": "device", "bytes": 2**26, "dtype": "float", "op": "sum", "nodes": 2, "ranks": 2, "group": group, "median_us": time,
                      "busbw_gbps": 2**26 / time / 1e3, "statistic": "median", "groups": groups, "status": "ok", "samples_us": [time]}, separators=(",", ":")))
half = hosts // 2
if only == ["bisect"]:
    row("bisect", [(h, h + half) for h in range(half)])
else:
    # The circle: the last host stays, the others turn (an even number of hosts).
    ring = list(range(hosts - 1))
    for k in range(hosts - 1):
        order = ring[k:] + ring[:k]
        pairs = [(order[0], hosts - 1)] + [(order[i], order[-i]) for i in range(1, half)]
        row("rails:%d" % k, [p for p in pairs if not only or only[0] not in ("n%d" % p[0], "n%d" % p[1])])
if "inside" in os.environ.get("SLOW", ""):
    times = [2000.0 if h == 3 else 1000.0 for h in range(hosts)]
    print(json.dumps({"record": "case", "key": "all_reduce/node", "pass": 0, "collective": "all_reduce", "mode": "pipelined", "placement": "out_of_place",
                      "memory": "device", "bytes": 2**26, "dtype": "float", "op": "sum", "nodes": 1, "ranks": rails, "group": "node", "median_us": 2000.0,
                      "statistic": "median", "status": "ok", "samples_us": [2000.0],
                      "groups": [{"ranks": list(range(h * rails, h * rails + rails)), "hosts": ["n%d" % h], "median_us": times[h],
                                  "busbw_gbps": 2**26 / times[h] / 1e3} for h in range(hosts)]}, separators=(",", ":")))
print('{"record":"end","status":"complete","cases":1}')
END
}
slow_nic='slow host n3, rail 2: 20 GB/s, 42 % of the typical 48 (14 pairs in 2 launches)'
record 8 4 '3 in (a, b) and rail == 2' nic
expect_status "one slow NIC of four: somebody is named" 1 "$build/busbar" scan "$work/nic"
says "the host and its rail" "$slow_nic"
says "all others are cleared" '7 of 8 hosts are cleared of being 5 % slower or more'
check "nobody else is named" test "$(grep -cE '^(slow|suspect)' "$work/out")" -eq 1
LAUNCHES=1 record 8 4 '3 in (a, b) and rail == 2' nic_once
expect_status "in one launch only" 1 "$build/busbar" scan "$work/nic_once"
says "it is a suspect" 'suspect host n3, rail 2: 20 GB/s, 42 % of the typical 48 (7 pairs in 1 launch)'
record 8 4 '3 in (a, b)' host
expect_status "a host that is slow on all rails" 1 "$build/busbar" scan "$work/host"
says "is one line" 'slow host n3, all 4 rails: 20 GB/s'
expect_status "as JSON" 1 "$build/busbar" scan --format json "$work/nic"
says "with the rail" '"suspect":"host","certain":true,"rail":2,"host":"n3"'
expect_status "all pairs" 1 "$build/busbar" scan --format csv "$work/nic"
mv "$work/out" "$work/all"
check "8 hosts have 28 pairs on each of four rails" test "$(sort -u -t , -k 1,3 "$work/all" | wc -l)" -eq 112
check "the slow ones are the host's seven on its rail" test "$(awk -F , '$4 < 48' "$work/all" | cut -d , -f 1 | sort | uniq -c | tr -s ' ')" = " 7 2"
if command -v gnuplot >/dev/null; then
    check "a picture of each rail is drawn" "$build/busbar" plot "$work/nic" --output "$work/plots"
    check "four pictures" test "$(find "$work/plots" -name 'scan*.svg' | wc -l)" -eq 4
    check "each with its rail" test "$(grep -ho 'rail [0-3]' "$work"/plots/scan*.svg | sort -u | wc -l)" -eq 4
    # Cells below 99 % of the median pair: a row and a column of seven cells each in one picture, none in the others.
    slow=$(for f in "$work"/plots/scan*.tsv; do awk 'NF == 7 && $7 < 99' "$f" | wc -l; done | sort -n | tr '\n' ' ')
    if [ "$slow" = "0 0 0 14 " ]; then ok "the slow NIC is a row and a column of its rail's picture"; else not_ok "slow cells: $slow"; fi
else
    skip "a picture of each rail is drawn" "gnuplot is missing"
fi
record 8 4 '(a, b) in ((2, 6), (6, 2)) and rail == 1' link
expect_status "one slow link on one rail" 1 "$build/busbar" scan "$work/link"
says "is named with its rail" 'slow link n2 - n6, rail 1: 20 GB/s'
SLOW=inside record 8 4 'False' inside
expect_status "a host whose GPUs are slow among themselves" 1 "$build/busbar" scan "$work/inside"
says "is named" 'suspect host n3, among its own ranks: 33.55 GB/s, 50 % of the median of 67.11'
record 16 1 'a // 4 != b // 4 and 2 in (a // 4, b // 4)' rack
expect_status "a rack that is slow towards others" 1 "$build/busbar" scan "$work/rack"
says "is named" 'slow domain rack2, towards other domains: 20 GB/s, 42 % of the typical 48'
check "and none of its hosts" test "$(grep -cE '^(slow|suspect)' "$work/out")" -eq 1
record 16 1 'False' sound
check "sound hosts: nobody is named" "$build/busbar" scan "$work/sound"
says "all are cleared" '16 of 16 hosts are cleared'
mkdir "$work/mixed"
cp "$work/sound/l1.jsonl" "$work/mixed/a.jsonl"
cp "$work/nic/l1.jsonl" "$work/mixed/b.jsonl"
expect_status "runs of different hosts" 2 "$build/busbar" scan "$work/mixed"

# A host that was not measured is not reported as sound.
record 8 1 'False' unseen n5
expect_status "a host without any figure" 5 "$build/busbar" scan "$work/unseen"
says "is named" 'there is no figure for n5'
record 2 1 'False' two
check "two hosts" "$build/busbar" scan "$work/two"
says "cannot be told apart" 'one pair of hosts: there is no other to compare it with'
record 2 8 'rail == 5' two
expect_status "but a rail between them is compared with the other rails" 1 "$build/busbar" scan "$work/two"
says "and named" 'suspect rail 5: 20 GB/s between the hosts, 42 % of the median rail of 48'
record 8 4 'rail == 3' switch
expect_status "a rail that is slow between all hosts" 1 "$build/busbar" scan "$work/switch"
says "is named" 'suspect rail 3: 20 GB/s between the hosts, 42 % of the median rail of 48'
check "and no host" test "$(grep -cE '^(slow|suspect)' "$work/out")" -eq 1

# The choice of the next launch.
check "the first launch of six hosts" "$build/busbar" scan --next --domains -,-,-,-,-,-
says "is asked for" 'more=1'
cp "$work/out" "$work/next"
check "four rounds of three pairs" grep -qE '^groups=match:[0-9]-[0-9]/[0-9]-[0-9]/[0-9]-[0-9](,match:[0-9]-[0-9]/[0-9]-[0-9]/[0-9]-[0-9]){3}$' "$work/next"
check "after sound launches" "$build/busbar" scan --next "$work/sound"
says "nothing more" 'more=0'
says "since all is decided" 'decided=1'
check "of all pairs" "$build/busbar" scan --next --all-pairs --domains "$(printf -- '-,%.0s' $(seq 39))-"
says "sixteen rounds a launch" 'rails:14,rails:15'

# A complete scan of 64 simulated hosts: a stand-in for the driver writes the records.
mkdir "$work/programs"
cp "$build/busbar" "$work/programs"
ln -s "$PWD/tests/fakes/pairs_driver" "$work/programs/all_reduce"
cat >"$work/direct" <<'END'
#!/bin/sh
[ -z "$SWEEP_DRY_RUN" ] || exit 0
exec "$@"
END
chmod +x "$work/direct"
for host in $(seq 0 63); do echo "n$host slots=1 domain=rack$((host / 16))"; done >"$work/hosts64"
scan64() { # slow hosts, run [more flags…]
    PAIRS_HOSTS=64 PAIRS_RACK=16 PAIRS_SLOW=$1 PAIRS_NOISE=0.02 timeout 120 scripts/scan --build "$work/programs" --results "$work/results" \
        --run "$2" --hostfile "$work/hosts64" --launcher "$work/direct" --no-preflight "${@:3}"
}
expect_status "a scan of 64 simulated hosts, two of them slow" 1 scan64 'n5=0.9 n37=0.8' two64
says "tells rounds and time first" 'scan: 4 launches on 64 hosts, at most about'
says "is decided" 'scan: decided after'
says "names one" 'slow host n5: '
says "and the other" 'slow host n37: '
check "and nobody else" test "$(grep -cE '^(slow|suspect)' "$work/out")" -eq 2
check "it measured without NVLS, and the records say so" grep -q '"env":{"NCCL_NVLS_ENABLE":"0"}' "$work"/results/two64/*.jsonl
launches=$(find "$work/results/two64" -name '*.jsonl' | wc -l)
expect_status "the same scan again" 1 scan64 'n5=0.9 n37=0.8' two64
check "measures nothing again" test "$(find "$work/results/two64" -name '*.jsonl' | wc -l)" -eq "$launches"
expect_status "a quick scan of a slow host, with NVLS" 1 scan64 'n5=0.5' quick64 --quick --nvls
says "is one launch" 'scan: a first look, one launch:'
says "that names suspects" 'suspect host n5: '
check "and leaves NVLS to NCCL" grep -q '"env":{}' "$work"/results/quick64/*.jsonl
check "sound hosts" scan64 '' sound64
says "nobody is suspect" 'no suspect among 64 hosts'
check "only the plan" scan64 '' plan64 --dry-run --all-pairs
says "all pairs take 63 rounds" 'at most 7 launches of up to 16 rounds'
check "leaves nothing" test ! -e "$work/results/plan64"

# What matmul finds is in the answer at the end, and in the status.
ln -s "$PWD/tests/fakes/pairs_driver" "$work/programs/matmul"
PAIRS_HOT=n7=0.5 expect_status "a scan whose pairs are sound, but one of the ranks multiplies slowly" 1 scan64 '' hot64 --matmul yes
sed '1,/^scan: decided after/d' "$work/out" >"$work/answer"
tells "it is in the answer" '^suspect matmul n7, rank 7: .* 50 % of the median' "$work/answer"
lacks "which does not say that there is none" 'no suspect' "$work/answer"
check "ranks that all multiply alike" scan64 '' cool64 --matmul yes
says "no host is suspect" 'no suspect among 64 hosts'

# Limits hold for the scan as a whole: a launcher that takes three seconds is started once in six. A launch takes seven at full length.
cat >"$work/slow" <<'END'
#!/bin/sh
[ -z "$SWEEP_DRY_RUN" ] || exit 0
sleep 3
exec "$@"
END
chmod +x "$work/slow"
expect_status "a scan of six seconds" 1 scan64 'n5=0.9 n37=0.8' budget64 --launcher "$work/slow" --time-budget 6
says "tells when the budget ends it" '; the budget ends it after 6 s'
says "and that it did" 'scan: the budget is spent after 1 launch, and not everything is decided:'
check "after one launch" test "$(find "$work/results/budget64" -name '*.jsonl' | wc -l)" -eq 1
check "which was told to end earlier" grep -q -- '"--time-budget","[0-9]"' "$work"/results/budget64/*.jsonl
check "a scan with time left has its full length" scan64 '' full64 --time-budget=10m
check "and no launch is told to use that time" sh -c '! grep -q -- --time-budget "$0"/*.jsonl' "$work/results/full64"
expect_status "limits too short for a launch" 2 scan64 '' plan64 --dry-run --time-budget 4
says "are refused" 'the limits allow 4 s: a launch takes 5 s at least'
expect_status "money too short for a launch" 2 scan64 '' plan64 --cost-limit 1usd --instance p5.48xlarge
says "is refused, too" 'the limits allow 1 s: a launch takes 5 s at least'
check "a limit that is a driver's" scan64 '' plan64 --dry-run --driver-arg --time-budget=3
lacks "is none of the scan" 'the budget ends it' "$work/out"

# The estimate has every launch: matmul's, and the first one's measurement inside the hosts.
for host in $(seq 0 63); do echo "n$host slots=4 gpus=4 domain=rack$((host / 16))"; done >"$work/gpus64"
seconds() { # FLAGS…: the estimate of a scan of 64 hosts of 4 GPUs, in seconds
    scripts/scan --build "$build" --hostfile "$work/gpus64" --dry-run "$@" >"$work/out" 2>&1 || return 1
    sed -nE 's/^scan: [0-9]+ launch(es)? on 64 hosts, at most about (([0-9]+) min )?([0-9]+) s.*/\3 \4/p' "$work/out" |
        awk '{ print NF == 2 ? 60 * $1 + $2 : $1 }'
}
pairs=$(seconds --matmul no) both=$(seconds) long=$(seconds --matmul-time 10m) only=$(seconds --matmul only)
tells "matmul only is one launch" '^scan: 1 launch on 64 hosts' "$work/out"
lacks "without rounds" 'rounds' "$work/out"
check "matmul is in the estimate ($pairs s, with it $both s)" test "$((both - pairs))" -ge 10 -a "$((both - pairs - only))" -eq 0
check "and its time ($long s)" test "$((long - both))" -eq 590
sed 's/gpus=4/gpus=1/' "$work/gpus64" >"$work/one_gpu"
one=$(seconds --hostfile "$work/one_gpu" --matmul no)
check "and the measurement inside the hosts (without it $one s)" test "$one" -lt "$pairs"
expect_status "a shape where no rank multiplies" 2 scan64 '' plan64 --dry-run --matmul-shape 64
says "is refused" 'scan: --matmul-shape: no rank multiplies here without --matmul yes'

# Real scans convict a sound host at a stated rate, and more often if other tests take its processors.
HOSTS=6 SCENES=half REPEAT=3 AT_LEAST=2 tests/slow/cluster_scan.sh || failures=$((failures + 1))
