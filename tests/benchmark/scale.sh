#!/usr/bin/env bash
# An emulated UltraServer: 72 ranks on 18 hosts of 4 in one NVLink domain, then in two; verified (proof of start-up, no figures)
. "$(dirname "$0")/../lib.sh"

. tests/fakes/emulated_gpu.sh
needs_gpu_parts 'the emulated UltraServer'
driver=all_reduce
flags=(--backend nccl --collectives "all_reduce,all_gather" --sizes "4608,73728" -n 3 -w 1 --passes 1 --cache warm -T 240)

# server HOSTS_PER_DOMAIN ARGUMENTS…: runs 72 ranks, 4 per emulated host
server() {
    place=(tests/fakes/gpu/place 4 "$1")
    RANKS_TIMEOUT=300 emulated 72 -- "${@:2}"
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
tells 'and both sizes are named' 'NVLink domain .* has 36 of the 72 ranks'
echo "# $((SECONDS - start)) s"
