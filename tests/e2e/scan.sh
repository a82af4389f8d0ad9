#!/usr/bin/env bash
# What a scan's records say, of several rails and of hosts that nobody measured; then the short form of the scans on six hosts.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# record HOSTS RAILS BAD FOLDER [GROUP]: every pair once, on every rail, at 48 GB/s; BAD, a Python expression of host a, host b and rail
# (from 0), makes it 20. GROUP: these rounds only.
record() {
    mkdir -p "$work/$4"
    python3 - "$@" >"$work/$4/l.jsonl" <<'END'
import json, sys
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
print('{"record":"end","status":"complete","cases":1}')
END
}
record 8 4 '3 in (a, b) and rail == 2' nic
expect_status "one bad NIC of four: somebody is suspect" 1 "$build/busbar" scan "$work/nic"
if [ "$(cat "$work/out")" = 'suspect host n3, rail 2: 20 GB/s, 42 % of the median of 48' ]; then ok "the host and its rail, and nobody else"
else not_ok "the host and its rail, and nobody else"; cat "$work/out"; fi
expect_status "as JSON" 1 "$build/busbar" scan --format json "$work/nic"
says "with the rail" '"rail":2,"host":"n3"'
expect_status "all pairs" 1 "$build/busbar" scan --format csv "$work/nic"
mv "$work/out" "$work/all"
check "8 hosts have 28 pairs on each of four rails" test "$(sort -u -t , -k 1,3 "$work/all" | wc -l)" -eq 112
check "the slow ones are the host's seven on its rail" test "$(awk -F , '$4 < 48' "$work/all" | cut -d , -f 1 | sort | uniq -c | tr -s ' ')" = " 7 2"
if command -v gnuplot >/dev/null; then
    check "a picture of each rail is drawn" "$build/busbar" plot "$work/nic" --output "$work/plots"
    check "four pictures" test "$(find "$work/plots" -name 'scan*.svg' | wc -l)" -eq 4
    check "each with its rail" test "$(grep -ho 'rail [0-3]' "$work"/plots/scan*.svg | sort -u | wc -l)" -eq 4
    # Cells that are not at 100 % of the median pair: a row and a column of seven in one picture, none in the others.
    slow=$(for f in "$work"/plots/scan*.tsv; do awk 'NF == 7 && $7 < 99' "$f" | wc -l; done | sort -n | tr '\n' ' ')
    if [ "$slow" = "0 0 0 14 " ]; then ok "the slow NIC is a row and a column of its rail's picture"; else not_ok "slow cells: $slow"; fi
else
    skip "a picture of each rail is drawn" "gnuplot is missing"
fi
record 8 4 '(a, b) in ((2, 6), (6, 2)) and rail == 1' link
expect_status "one bad link on one rail" 1 "$build/busbar" scan "$work/link"
says "is named with its rail" 'suspect link n2 - n6, rail 1: 20 GB/s'

# Who was not measured is not certified.
record 8 1 'False' unseen n5
expect_status "a host without any figure" 5 "$build/busbar" scan "$work/unseen"
says "is named" 'no figure is there for n5'
record 5 1 'False' odd bisect
check "the bisecting pairs of an odd number of hosts" "$build/busbar" scan --bisect "$work/odd"
says "the one that sat out is named" 'no suspect among 4 hosts; not measured: n4'
record 2 1 'False' two
check "two hosts" "$build/busbar" scan "$work/two"
says "cannot be told apart" 'one pair of hosts: there is no other to compare it with'
record 2 8 'rail == 5' two
expect_status "but a rail between them is compared with the other rails" 1 "$build/busbar" scan "$work/two"
says "and named" 'suspect rail 5: 20 GB/s between the hosts, 42 % of the median rail of 48'
record 8 4 'rail == 3' switch
expect_status "a rail that is slow between all hosts" 1 "$build/busbar" scan "$work/switch"
if [ "$(cat "$work/out")" = 'suspect rail 3: 20 GB/s between the hosts, 42 % of the median rail of 48' ]; then ok "is named, and no host"
else not_ok "is named, and no host"; cat "$work/out"; fi

SCENES=half tests/slow/cluster_scan.sh || failures=$((failures + 1))
