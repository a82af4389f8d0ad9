#!/usr/bin/env bash
# reported bandwidth on shaped links against what the interfaces' byte counters saw (as root)
# Four hosts in network namespaces, one rank each, links limited to RATE Mbit/s. The check is independent of the sampler: it compares the
# bytes that host t1 sent during a launch with the bytes that the launch's calls must send. Ring algorithms make these known: every rank
# sends 2(n-1)/n of the buffer in all-reduce, (n-1)/n of the total in all-gather, and the buffer in send-recv.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/fakes/namespace_cluster.sh
. tests/fakes/namespace_cluster.sh
needs_built all_reduce all_gather sendrecv
need_cluster "bandwidth on shaped links"
rate=${RATE:-200}
cluster_up 4 "${rate}mbit"
export SWEEP_HOSTS=$work/cluster/hosts SWEEP_REMOTE=1 SWEEP_RANKS_PER_NODE=1 SWEEP_SCRATCH=$work MPIRUN=$mpirun
SWEEP_LAUNCHER_ARGS="$(cat "$work/cluster/mpirun_args") --mca coll_tuned_use_dynamic_rules 1"
SWEEP_LAUNCHER_ARGS+=" --mca coll_tuned_allreduce_algorithm 4 --mca coll_tuned_allgather_algorithm 4"
export SWEEP_LAUNCHER_ARGS
echo "links: $rate Mbit/s = $(awk -v r="$rate" 'BEGIN { print r / 8000 }') GB/s; sizes in bytes; sent/implied: bytes that t1 sent over those that the calls imply"
printf '%-12s %5s %9s %9s %14s %9s %12s\n' collective nodes size "busbw" "of the link" calls sent/implied
for nodes in 2 4; do
    for collective in all_reduce all_gather sendrecv; do
        for size in 256K 2M; do
            before=$(cluster bytes t1)
            SWEEP_RANKS=$nodes timeout 120 "$mpi_launcher" "$build/$collective" --sizes "$size" --placement out_of_place \
                --mode pipelined -n 160 -w 4 --passes 1 -c 0 --cache warm --output "$work/results" --run r --launch "$collective-$nodes-$size" \
                >"$work/out" 2>&1 </dev/null || { not_ok "$collective on $nodes hosts"; tail -n 5 "$work/out"; continue; }
            after=$(cluster bytes t1)
            # calls: the warm-up, which includes those that choose the batch size, plus samples times batch size
            if python3 - "$work/results/r/$collective-$nodes-$size.jsonl" "$((after - before))" "$rate" <<'END'
import json, sys
row = [r for r in map(json.loads, open(sys.argv[1])) if r["record"] == "case"][0]
sent, link = int(sys.argv[2]), float(sys.argv[3]) * 1e6 / 8
n = row["ranks"]
factor = {"all_reduce": 2 * (n - 1) / n, "all_gather": (n - 1) / n, "sendrecv": 1}[row["collective"]]
calls = row["warmup"] + len(row["samples_us"]) * row["batch"]
implied = calls * row["bytes"] * factor
ratio, share = sent / implied, row["busbw_gbps"] * 1e9 / link
print(f'{row["collective"]:12} {row["nodes"]:5} {row["bytes"]:9} {row["busbw_gbps"]:9.5f} {share:13.1%} {calls:9} {ratio:12.3f}')
# Frames carry at least 66 bytes of headers for 1448 of data (4.6 %); start-up and acknowledgements add some.
sys.exit(0 if share <= 1 and 1.0 <= ratio <= 1.25 else 1)
END
            then ok "$collective, $size on $nodes hosts: below the link, and the counter agrees"
            else not_ok "$collective, $size on $nodes hosts: the counter and the figure do not agree"; fi
        done
    done
done
exit "$failures"
