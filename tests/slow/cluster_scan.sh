#!/usr/bin/env bash
# scripts/scan on eight hosts (HOSTS): equal hosts; one host at 0.5, 0.8 or 0.9 of the rate; two or three slow hosts; a slow link; a slow
# rack. The scan must name exactly these. matmul must name a host that multiplies slowly. REPEAT=20 repeats each scene with links 20 times,
# of which AT_LEAST [all] must be exact; in the others a sound host may be named too, but none may be left out. SCENES="even half" chooses.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/fakes/namespace_cluster.sh
. tests/fakes/namespace_cluster.sh
hosts=${HOSTS:-8}
need_cluster "scan of $hosts hosts"
# Slow links and long messages (24 ms), so that the links dominate, not which of the eight ranks currently runs on one of two cores. 60K is
# below Open MPI's eager limit over TCP: a message is one write, and its time does not depend on handshakes between queued data.
cluster_up $hosts 20mbit
sed -i 's/slots=[0-9]*/slots=1/' "$work/cluster/hosts"
cp "$work/cluster/hosts" "$work/one_domain"
awk '{ print $0 " domain=rack" int((NR - 1) / 2) }' "$work/one_domain" >"$work/racks"

scan() { # run hostfile more flags…
    timeout 300 scripts/scan --build "$build" --results "$work/results" --run "$1" --hostfile "$2" \
        --launcher-args "$(cat "$work/cluster/mpirun_args")" --no-preflight --size 60K --seconds 0.5 "${@:3}"
}
count=0
scene() { # name, expected names in order, host file, more flags…
    local name=$1 wanted=$2 got right=0 complete=0 host all=${REPEAT:-1}
    for _ in $(seq "${REPEAT:-1}"); do
        count=$((count + 1))
        scan "s$count" "$3" "${@:4}" >"$work/scan.out" 2>"$work/scan.err"
        got=$(sed -nE 's/^slow ([a-z]+ [a-z0-9]+( - t[0-9])?).*/\1/p' "$work/scan.out" | sort | paste -sd ';' -)
        [ -n "$(comm -23 <(tr ';' '\n' <<<"$wanted") <(tr ';' '\n' <<<"$got"))" ] || complete=$((complete + 1))
        if [ "$got" = "$wanted" ]; then right=$((right + 1)); else
            echo "    $name: named '$got', expected '$wanted'"; cat "$work/scan.out"; tail -n 3 "$work/scan.err"
            "$build/busbar" scan --format csv "$work/results/s$count" | sed 's/^/    /'
        fi
        grep -E '^scan: (decided|the budget)' "$work/scan.out" >>"$work/ends"
    done
    if [ "$right" -ge "${AT_LEAST:-$all}" ] && [ "$complete" -eq "$all" ]; then ok "$name: named in $right of $all runs"
    else not_ok "$name: named in $right of $all runs, with a sound host in $((complete - right))"; fi
    [ "$all" -eq 1 ] || sort "$work/ends" | uniq -c
    rm -f "$work/ends"
    for host in $(seq $hosts); do cluster shape "t$host" 20mbit; done
}
matmul() {
    expect_status "a rank that multiplies slowly: somebody is suspect" 1 scan slow "$work/one_domain" --matmul only --matmul-shape 64 \
        --matmul-time 1s --matmul-arg --fault=slow:rank=3,us=50000
    # The hosts share the cores of one machine, so the second in the list means nothing.
    equal "it is named first" "$(sed -n 's/^suspect \(matmul t[0-9], rank [0-9]\).*/\1/p' "$work/out" | head -n 1)" "matmul t4, rank 3"
}
# Slows all links between the two hosts of the first rack and the other hosts.
slow_rack() {
    local host
    for host in $(seq 3 $hosts); do cluster link t1 "t$host" "$1"; cluster link t2 "t$host" "$1"; done
}
for name in ${SCENES:-even half fifth tenth link two three rack matmul}; do
    case $name in
    even) scene "equal hosts, nobody" "" "$work/one_domain" ;;
    half) cluster shape t4 10mbit; scene "a host at half of the rate" "host t4" "$work/one_domain" ;;
    fifth) cluster shape t2 16mbit; scene "a host at 0.8 of the rate" "host t2" "$work/one_domain" ;;
    tenth) cluster shape t6 18mbit; scene "a host at 0.9 of the rate" "host t6" "$work/one_domain" ;;
    link) cluster link t2 t5 10mbit; scene "a slow link" "link t2 - t5" "$work/one_domain" ;;
    all) cluster link t2 t5 10mbit; scene "a slow link, all pairs" "link t2 - t5" "$work/one_domain" --all-pairs ;;
    two) cluster shape t1 10mbit; cluster shape t5 12mbit; scene "two slow hosts" "host t1;host t5" "$work/one_domain" ;;
    three) for host in 1 5 8; do cluster shape "t$host" 16mbit; done
        scene "three slow hosts" "host t1;host t5;host t8" "$work/one_domain" ;;
    rack) slow_rack 14mbit; scene "a slow rack" "domain rack0" "$work/racks" ;;
    matmul) matmul ;;
    esac
done
exit "$failures"
