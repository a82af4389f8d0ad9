#!/usr/bin/env bash
# An emulated UltraServer: 72 ranks on 18 hosts of 4 in one NVLink domain, then in two; verified (proof of start-up, no figures)
. "$(dirname "$0")/../lib.sh"

fake=$PWD/$build/fakegpu
[ -e "$fake/libnccl.so.2" ] && [ -e "$build/busbar_nccl.so" ] || { skip 'the emulated UltraServer' 'needs CUDA and NCCL headers'; exit 0; }

# server HOSTS_PER_DOMAIN ARGUMENTS…
server() {
    local hosts=$1
    shift
    rm -rf "$work/records"
    LD_LIBRARY_PATH="$fake${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" RANKS_TIMEOUT=300 ranks 72 tests/fakegpu/place 4 "$hosts" "$build/all_reduce" \
        --backend nccl --collectives all_reduce,all_gather --sizes 4608,73728 -n 3 -w 1 --passes 1 --cache warm -T 240 \
        --output "$work/records" --run r --launch l "$@"
}
rows() {
    python3 - "$work/records/r/l.jsonl" "$1" <<'E2'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
h, w, c = lines[0], lines[0]["world"], [line for line in lines if line["record"] == "case"]
if not eval(sys.argv[2]):
    sys.exit("does not hold: " + sys.argv[2] + "\n" + json.dumps(w)[:2000])
E2
}
verified='len(c) == 8 and all(r["status"] == "ok" and r["wrong"] == 0 and r["ranks"] == 72 and r["nodes"] == 18 for r in c)'

start=$SECONDS
check '72 ranks in one NVLink domain' server 18 --expect-domain 72
check 'are verified' rows "$verified"
check 'one domain of 18 hosts is recorded' rows 'w["domains"] == 1 and len(w["hosts"]) == 18 and all(x["gpus"] == 4 for x in w["hosts"]) and len({x["domain"] for x in w["hosts"]}) == 1 and h["facts"]["nccl"]["mnnvl"]'
check '72 ranks in two domains' server 9
check 'are verified' rows "$verified"
check 'two domains are recorded' rows 'w["domains"] == 2 and len({x["domain"] for x in w["hosts"]}) == 2 and h["provenance"] == ["emulated"]'
expect_status 'two domains where one is expected: status 5' 5 server 9 --expect-domain 72
if grep -q 'NVLink domain .* has 36 of the 72 ranks' "$work/err"; then ok 'and both sizes are named'; else not_ok 'and both sizes are named'; fi
echo "# $((SECONDS - start)) s"
