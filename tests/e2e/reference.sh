#!/usr/bin/env bash
# results/reference is readable, names its sources, and is small; rebuilding it from the public logs (if they are here) does not change it.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
check "the reference records are read" "$build/busbar" show --format csv results/reference
if [ ! -s "$work/err" ]; then ok "without a warning"; else not_ok "without a warning: $(head -n 3 "$work/err")"; fi
cp "$work/out" "$work/reference.csv"
launches=$(find results/reference -name '*.jsonl' | wc -l)
sourced=$(find results/reference -name '*.jsonl' -exec grep -l '^{"record":"launch".*"provenance":\["imported"\].*"origin":"' {} + | wc -l)
measured=$(grep -rl --include='*.jsonl' '"provenance":\["measured"\]' results/reference | wc -l)
if [ "$launches" -ge 30 ] && [ "$launches" -eq $((sourced + measured)) ]; then ok "$launches launches, $sourced imported with their origin, $measured measured"
else not_ok "$sourced of $launches launches are imported and have an origin, $measured are measured"; fi
remarks=$(grep -rl --include='*.jsonl' '"provenance":\["imported"\]' results/reference | sed 's,.*/,,' | grep -vxE '([0-9]+-gpus(-[a-z0-9_]+)?|published)\.jsonl')
if [ -z "$remarks" ]; then ok "its files have plain names"; else not_ok "names that are not plain: $remarks"; fi
bytes=$(find results/reference -type f -printf '%s\n' | awk '{ s += $1 } END { print s }')
if [ "$bytes" -lt 1000000 ]; then ok "$bytes bytes, less than 1 MB"; else not_ok "$bytes bytes"; fi
check "no name of a host but the one that stands for a measured one" python3 - <<'END'
import glob, json
worlds = [json.loads(open(path, encoding="utf-8").readline())["world"] for path in glob.glob("results/reference/*/*.jsonl")]
assert len(worlds) >= 30 and {host["name"] for world in worlds for host in world.get("hosts", [])} <= {"gpu-host"}
END
# Published figures, as the vendors' pages state them.
for figure in 834.57 810.41 405.74 930.48 738.39 479.9 696.06; do
    if grep -rqE "\"busbw_gbps\":${figure}0*," results/reference; then ok "bus bandwidth $figure GB/s"; else not_ok "bus bandwidth $figure GB/s is missing"; fi
done

logs=${BUSBAR_NCCL_LOGS:-../shared/nccl-logs}
if [ ! -r "$logs/EXPECTED.tsv" ]; then
    skip "made again from the logs" "no folder $logs (BUSBAR_NCCL_LOGS)"
    exit 0
fi
logs=$(realpath "$logs") busbar=$(realpath "$build/busbar")
mkdir "$work/tree"
cp -r results scripts "$work/tree"
check "made again" "$work/tree/scripts/reference" "$logs" "$busbar"
check "the same" diff -r results/reference "$work/tree/results/reference"
