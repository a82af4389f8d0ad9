#!/usr/bin/env bash
# 64 oversubscribed ranks complete; rank 0's memory grows with the samples kept, not with samples times ranks
. "$(dirname "$0")/../lib.sh"
needs_built all_reduce

# resident RANKS SAMPLES: prints rank 0's peak resident memory in KiB
resident() {
    RANKS_TIMEOUT=580 ranks "$1" bash -c '
        if [ "${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-1}}" -eq 0 ]; then
            exec python3 -c "
import os, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
open(sys.argv[1], \"w\").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)" "$@"
        fi
        shift
        exec "$@"' memory "$work/rss" "$build/all_reduce" --backend mpi --sizes 8 --placement in_place --cache warm -n "$2" -w 0 \
        --passes "${PASSES:-5}" --output none >"$work/out" 2>"$work/err" || { cat "$work/err"; exit 1; }
    cat "$work/rss"
}

echo "rank 0's largest resident memory, KiB, all_reduce of 8 bytes"
echo "   ranks    1,000 samples  100,000 samples   grown   samples' own size"
own=$((99000 * 8 / 1024))
for n in 2 ${MOST_RANKS:-64}; do
    few=$(resident "$n" 1000) && many=$(resident "$n" 100000) || exit 1
    printf '%8d %16d %16d %7d %10d\n' "$n" "$few" "$many" $((many - few)) $own
    [ $((many - few)) -le $((own + ${SLACK_KIB:-256})) ] || failures=1
done
echo "target: grown by at most the samples' own size (and 256 KiB for what the allocator rounds)"
[ $failures -eq 0 ]
