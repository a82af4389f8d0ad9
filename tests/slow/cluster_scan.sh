#!/usr/bin/env bash
# scripts/scan on six hosts: one at half and at 0.8 of the rate, a bad link, two bad hosts, and equal hosts: exactly they are named. A host
# that multiplies slowly is named by matmul. REPEAT=20 does each scene of the links so often; SCENES="even half" chooses.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/fakes/namespace_cluster.sh
. tests/fakes/namespace_cluster.sh
need_cluster "scan of six hosts"
# Slow links and long messages (24 ms): what is measured must be the links, and not who of six ranks has one of two cores. 60K is below
# Open MPI's eager limit over TCP: a message is one write, and its time does not hang on how a handshake falls between queued data.
cluster_up 6 20mbit
sed -i 's/slots=[0-9]*/slots=1/' "$work/cluster/hosts"

count=0
scene() { # name, expected suspects in order
    local name=$1 wanted=$2 got right=0 host
    for _ in $(seq "${REPEAT:-1}"); do
        count=$((count + 1))
        timeout 300 scripts/scan --build "$build" --results "$work/results" --run "s$count" --hostfile "$work/cluster/hosts" \
            --launcher-args "$(cat "$work/cluster/mpirun_args")" --no-preflight --size 60K --seconds 0.3 >"$work/scan.out" 2>"$work/scan.err"
        got=$("$build/busbar" scan "$work/results/s$count" 2>&1 | sed -n 's/^suspect \([a-z]* t[0-9]\( - t[0-9]\)*\).*/\1/p' | sort | paste -sd ';' -)
        if [ "$got" = "$wanted" ]; then right=$((right + 1)); else
            echo "    $name: named '$got', expected '$wanted'"; cat "$work/scan.out"; tail -n 3 "$work/scan.err"
            "$build/busbar" scan --format csv "$work/results/s$count" | sed 's/^/    /'
        fi
    done
    equal "$name: named in ${REPEAT:-1} of ${REPEAT:-1} runs" "$right" "${REPEAT:-1}"
    for host in 1 2 3 4 5 6; do cluster shape "t$host" 20mbit; done
}
matmul() {
    expect_status "a rank that multiplies slowly: somebody is suspect" 1 timeout 300 scripts/scan --build "$build" --results "$work/results" --run slow \
        --hostfile "$work/cluster/hosts" --launcher-args "$(cat "$work/cluster/mpirun_args")" --no-preflight --matmul only --matmul-shape 64 \
        --matmul-time 1s --matmul-arg --fault=slow:rank=3,us=50000
    # Six hosts share the cores of one machine: who is second says nothing.
    equal "it is named first" "$(sed -n 's/^suspect \(matmul t[0-9], rank [0-9]\).*/\1/p' "$work/out" | head -n 1)" "matmul t4, rank 3"
}
for name in ${SCENES:-even half fifth link two matmul}; do
    case $name in
    even) scene "equal hosts, nobody" "" ;;
    half) cluster shape t4 10mbit; scene "a host at half of the rate" "host t4" ;;
    fifth) cluster shape t2 16mbit; scene "a host at 0.8 of the rate" "host t2" ;;
    link) cluster link t2 t5 10mbit; scene "a bad link" "link t2 - t5" ;;
    matmul) matmul ;;
    two) cluster shape t1 10mbit; cluster shape t5 12mbit; scene "two bad hosts" "host t1;host t5" ;;
    esac
done
exit "$failures"
