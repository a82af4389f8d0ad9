#!/usr/bin/env bash
# In 20 of 20 launches with 8 ranks, the arrival times identify the rank that starts late; the wait times do so in none.
. "$(dirname "$0")/../lib.sh"
set +e
named=0 blamed=0
for i in $(seq 20); do
    rank=$((i * 3 % 8))
    measured "$work/results/slow" ranks 8 "$build/all_reduce" --backend mpi --sync window --sizes 1K --placement in_place --cache warm -n 30 -w 2 --passes 1 \
        --fault "slow:rank=$rank,us=40000" --output "$work/results" --run slow --launch l >"$work/out" 2>"$work/err" || cat "$work/err"
    latest=-1 longest=$rank # if there is no record
    eval "$(python3 -c '
import json, sys
c = [c for c in map(json.loads, open(sys.argv[1])) if c["record"] == "case"][0]
print("latest=%d longest=%d" % (c["arrival_us"]["latest"]["rank"], c["rank_wait_us"]["longest"]["rank"]))' "$work/results/slow/l.jsonl")"
    [ "$latest" -eq $rank ] && named=$((named + 1))
    [ "$longest" -eq $rank ] && blamed=$((blamed + 1))
done
[ $named -eq 20 ] && ok "arrival names the late rank in $named of 20" || not_ok "arrival names the late rank in $named of 20"
[ $blamed -eq 0 ] && ok "wait names it in none" || not_ok "wait names it in $blamed"
