#!/usr/bin/env bash
# Sweeps over 1, 2 and 4 hosts during which a rank is killed, a rank is stopped, or a host is cut off: the launch ends by its deadline, the
# sweep names the host and continues, and a second sweep runs only the missing launches. FAULTS="killed stopped cut" chooses.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/fakes/namespace_cluster.sh
. tests/fakes/namespace_cluster.sh
need_cluster "faults on a cluster"
cluster_up 4 200mbit

plan=(--nodes "1,2,4" --drivers all_reduce --sizes "1K,64K" --mode isolated --driver-arg --passes=1 --driver-arg --timeout=8
    --driver-arg --time-budget=3 --launches 2 --deadline 25 --no-preflight)
fault() { # name, allowed statuses of the sweep
    local name=$1 wanted=$2 got=0 pid begun took
    begun=$(date +%s)
    sweep_cluster "${plan[@]}" --max-seconds 3 --run "$name" >"$work/$name.out" 2>&1 &
    pid=$!
    if ! wait_for_launch "$name" -4n; then not_ok "$name: no launch on 4 hosts began"; fi
    case $name in
    killed) kill -KILL "$(rank_on t3 all_reduce)" ;;
    stopped) kill -STOP "$(rank_on t3 all_reduce)" ;;
    cut) cluster cut t3 ;;
    esac
    wait "$pid" || got=$?
    took=$(($(date +%s) - begun))
    sed 's/^/    /' "$work/$name.out"
    case " $wanted " in *" $got "*) ok "$name: the sweep ends with $got" ;; *) not_ok "$name: the sweep ended with $got, expected one of $wanted" ;; esac
    if [ "$took" -lt 200 ]; then ok "$name: it ended by its deadlines"; else not_ok "$name: it took $took s"; fi
    if grep -q '\bt3\b' <(grep -E 'failed|hung|no answer' "$work/$name.out"); then ok "$name: t3 is named"; else not_ok "$name: t3 is not named"; fi
    case $name in cut) cluster join t3 ;; esac
    for pid in $(rank_on t3 all_reduce); do kill -KILL "$pid"; done
    check "$name: the second sweep ends well" sweep_cluster "${plan[@]}" --max-seconds 3 --run "$name"
    cp "$work/err" "$work/$name.again"
    if grep -q ' [1-5] complete already' "$work/$name.again"; then ok "$name: it measures only what is missing"; else not_ok "$name: it measured all again"; fi
    equal "$name: then all is complete" "$(complete "$name")" 6
}
for name in ${FAULTS:-killed stopped cut}; do
    case $name in killed) fault killed "4 5" ;; stopped) fault stopped "4" ;; cut) fault cut "4 5" ;; esac
done
exit "$failures"
