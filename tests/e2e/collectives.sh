#!/usr/bin/env bash
# The drivers of the collectives on the mpi backend: every type and operation verified on 1 to 8 ranks, faults caught, records whole.
. "$(dirname "$0")/../lib.sh"
set +e

# holds NAME EXPRESSION: checks a Python expression over the record of the last launch since `fresh`; tests/record.py explains its names.
holds() { recorded "$1" "$(find "$work/results" -name '*.jsonl' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)" "$2"; }

quick=(--backend mpi --max-seconds 0.002 --passes 1 --cache warm --output "$work/results")
fresh() { rm -rf "$work/results"; }

for n in 1 2 3 4 8; do
    fresh
    # 8 ranks on few cores: fewer types keep this short
    types=all
    [ "$n" -eq 8 ] && types=int8,uint64,half,double
    expect_status "$n ranks: every collective, type and operation is right" 0 \
        ranks "$n" "$build/all_reduce" --collectives all -d $types -o all --sizes 4K --mode both "${quick[@]}"
    holds "$n ranks: every row is verified and right, or unsupported with a reason" \
        'len(cases) > 200 and all(c["status"] == "ok" and c["wrong"] == 0 or c["status"] == "unsupported" and c["error"] for c in cases)'
    holds "$n ranks: rates follow from the median" \
        'all(((c["ranks"] == 1 and c["placement"] == "in_place" and "algbw_gbps" not in c) or abs(c["algbw_gbps"] * c["median_us"] / c["bytes"] * 1e3 - 1) < 1e-6) and c["rank_wait_us"]["max"] >= c["rank_wait_us"]["min"] for c in cases if c["status"] == "ok")'
done
holds "keys are unique among the rows of a pass" 'len({c["key"] for c in cases}) == len(cases)'
# By default buffers are used as in nccl-tests, OSU and IMB; cold buffers make different cases.
default=(ranks 2 "$build/all_reduce" --backend mpi --sizes 1K -n 5 -w 1 --passes 1 --placement out_of_place --output "$work/results")
fresh
check "without --cache" "${default[@]}"
holds "buffers are warm, in the key too" '[(c["cache"], "/warm/" in c["key"]) for c in cases] == [("warm", True)]'
fresh
check "with --cache cold" "${default[@]}" --cache cold
holds "a case has a key of its own" '[(c["cache"], "/cold/" in c["key"]) for c in cases] == [("cold", True)]'
fresh
check "--largest measures nothing" ranks 2 "$build/all_reduce" --backend mpi --largest --sizes 8,64K,1125899906842624 --output "$work/results"
says "but says which size fits" "largest: 65536 bytes in host memory"
check "and writes no record" test ! -e "$work/results"
check "odd sizes are rounded to the ranks" ranks 3 "$build/all_gather" --sizes 1,100,4099 "${quick[@]}"
holds "requested and run bytes are both there" \
    '{(c["requested_bytes"], c["bytes"]) for c in cases} == {(1, 0), (100, 96), (4099, 4092)}'
holds "a size below one element for each rank is unsupported" \
    'all((c["status"] == "unsupported") == (c["requested_bytes"] == 1) for c in cases)'

# Out of place, the root's own copy follows MPI_Bcast; in place, MPI_Scatter leaves the root's part where it is.
for root in 0 2; do
    fresh
    check "broadcast and scatter from rank $root" ranks 3 "$build/broadcast" --collectives broadcast,scatter -r $root -d int8,double \
        --sizes 24,3000 --mode both "${quick[@]}"
    holds "are right with one buffer and with two" 'len(cases) == 32 and all(c["status"] == "ok" and c["wrong"] == 0 for c in cases)'
done
fresh
expect_status "a damaged element of a root's own part is caught" 3 \
    ranks 3 "$build/scatter" -r 1 --placement in_place --sizes 3000 --fault wrong:rank=1 "${quick[@]}"
fresh
expect_status "a damaged element is caught: status 3" 3 \
    ranks 3 "$build/all_reduce" --sizes 1K --fault wrong:rank=1 "${quick[@]}"
grep -q '^wrong: .*on rank 1' "$work/out" && ok "the rank is named" || not_ok "the rank is named"
holds "wrong elements are counted, and the launch says that it was faulted" \
    'all(c["status"] == "wrong" and c["wrong"] == 1 for c in cases) and "faulted" in launch["provenance"]'
fresh
expect_status "-c 0 does not look" 0 ranks 2 "$build/all_reduce" --sizes 1K -c 0 --fault wrong:rank=1 "${quick[@]}"
holds "unchecked is null, not 0" 'all(c["wrong"] is None for c in cases)'
fresh
expect_status "--check-every looks again" 3 ranks 2 "$build/all_reduce" --sizes 1K -n 30 -c 0 --check-every 10 \
    --fault wrong:rank=1 "${quick[@]}"
holds "each look counts" 'all(c["wrong"] >= 2 for c in cases)'
expect_status "a failed call ends the launch: status 5" 5 ranks 2 "$build/all_reduce" --sizes 1K --fault fail:rank=1 "${quick[@]}"

# A rank that is preempted between the barrier and its start time stamp measures a short time, while the others wait for it in the
# operation. On a busy machine launches without the fault are disturbed, too: of five launches with the fault one must show the effect,
# unless none of the launches without the fault is undisturbed.
away() {
    local samples=$1 holding=$2
    shift 2
    fresh
    check "$samples samples${1:+, $2}" ranks 2 "$build/all_reduce" --sizes 1K --placement in_place -n "$samples" -w 0 "$@" "${quick[@]}"
    holds "samples" "all(len(c['samples_us']) == $samples and $holding for c in cases)" | grep -q '^ok'
}
name="a rank that is scheduled away before its start stamp makes no long samples: they are set aside"
seen=no quiet=yes
for _ in 1 2 3 4 5; do
    away 4000 'c["preempted"] == 0 and max(c["samples_us"]) < 2500' || quiet=no
    away 120 'sum(s > 2500 for s in c["samples_us"]) <= 4 and c["preempted"] >= 12' --fault away:rank=1,call=8,us=3000 && seen=yes && break
done
if [ $seen$quiet = nono ]; then skip "$name" "the machine is too busy to tell"; else check "$name" test $seen = yes; fi

# Ranks that take turns on a processor: the table and the record say so.
fresh
processor=$(taskset -cp $$ | sed 's/.*: *//; s/[,-].*//')
check "two ranks on one processor" ranks 2 taskset -c "$processor" "$build/all_reduce" --sizes 1K -n 3 "${quick[@]}"
says "the table says so" "# 2 ranks share 1 processor on $(uname -n):"
holds "and the record" 'launch["facts"]["oversubscribed"]["ranks"] == 2 and launch["facts"]["oversubscribed"]["processors"] == 1'
fresh
check "one rank alone" ranks 1 "$build/all_reduce" --sizes 1K -n 3 "${quick[@]}"
holds "shares with nobody" '"oversubscribed" not in launch["facts"]'
lacks "and the table has no word of it" ' share ' "$work/out"

fresh
check "a size beyond memory is not attempted" ranks 2 "$build/all_reduce" --sizes 1K,64T "${quick[@]}"
holds "too_large, with the reason" \
    'all((c["status"] == "too_large" and "free" in c["error"]) == (c["requested_bytes"] > 1 << 40) for c in cases)'

fresh
check "-n and -w are exact, over passes" ranks 2 "$build/all_reduce" --sizes 8,4K -n 23 -w 7 --passes 4 --mode both \
    --backend mpi --output "$work/results"
holds "samples, warm-up and reason" \
    'all(sum(len(c["samples_us"]) * c["batch"] for c in cases if c["key"] == k) == 23 for k in {c["key"] for c in cases}) and len({c["key"] for c in cases}) == 8 and all(c["warmup"] == 7 and c["stopped_by"] == "fixed" for c in cases)'
holds "a pipelined sample is a batch" 'all(1 <= c["batch"] <= 100 if c["mode"] == "pipelined" else c["batch"] == 1 for c in cases)'
holds "the end says complete" 'end["status"] == "complete" and end["cases"] == len(cases) and end["elapsed_s"] > 0'
holds "facts are there" 'launch["schema"] == 1 and launch["backend"] == "mpi" and launch["facts"]["mpi"] and launch["world"]["ranks"] == 2'

# If other work uses the cores, a sample takes a scheduler time slice, and the last one ends late. One launch within the budget shows
# that the budget is kept. Five late launches are a failure only if at least one of them had the cores to itself.
name='a time budget is kept within 5 %' kept=no undisturbed=no
for _ in 1 2 3 4 5; do
    fresh
    check "a time budget" ranks 2 "$build/all_reduce" -b 8 -e 8M -f 8 --time-budget 3 --backend mpi --output "$work/results"
    if holds '(kept)' 'end["elapsed_s"] < 3.15' | grep -q '^ok'; then kept=yes && break; fi
    if holds '(undisturbed)' 'max(max(c.get("samples_us", [0])) for c in cases) < 15e3' | grep -q '^ok'; then undisturbed=yes; fi
done
if [ $kept$undisturbed = nono ]; then skip "$name" "the machine is too busy to tell"; else check "$name" test $kept = yes; fi
holds "a pass that came too late for a sample leaves no row" 'all("samples_us" in c for c in cases if c["pass"] > 0)'
# If other work uses the cores, only the first few cases are measured within the budget. The driver counts the samples that were preempted.
fewest=1
if holds '(undisturbed)' 'not any(c.get("preempted") for c in cases)' | grep -q '^ok'; then fewest=5; fi
holds "at least $fewest cases have figures" "sum(c['status'] == 'ok' for c in cases) >= $fewest"

check "json on standard output" ranks 2 "$build/all_reduce" --sizes 8 --format json "${quick[@]}"
python3 -c 'import json,sys; rows=[json.loads(l) for l in open(sys.argv[1])]; assert rows[0]["record"]=="launch" and rows[-1]["record"]=="end"' \
    "$work/out" && ok "is the records" || not_ok "is the records"
mkdir "$work/empty"
program=$(realpath "$build/all_reduce")
nowhere() (cd "$work/empty" && exec "$program" --sizes 8 --output none "${quick[@]:0:6}")
check "--output none" nowhere
check "writes no file" test -z "$(ls -A "$work/empty")"

# usage LINE-PATTERN FLAGS…: status 2 and one line on stderr that matches. Runs without mpirun, whose messages would be there, too.
usage() {
    local pattern=$1
    shift
    expect_status "usage: $*" 2 "$build/all_reduce" "$@" || return
    if [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q "$pattern" "$work/err"; then ok "one line: $pattern"; else
        not_ok "one line: $pattern"
        cat "$work/err"
    fi
}
usage 'did you mean --sizes' --sizs 8
usage "did you mean 'float'" -d floatt
usage "unknown 'avarage'" -o sum,avarage
usage 'did you mean .all_gather' --collectives all_gathr
usage "'x' is not a size" --sizes 8,x
usage 'is not between 0 and 2^60 bytes' --sizes 8,9223372036854775808
usage 'less than --begin' -b 1M -e 1K
usage 'not one of' --mode fast
usage 'needs a value' -b
usage 'not a flag of busbar' -z 1
usage "x is not a flag of busbar: use -w, the warm-up: $build/all_reduce -w 10" -x 10
usage "x is not a flag of busbar: use --cta, or for OSU's -x, the warm-up, -w: $build/all_reduce --cta efficiency" -x 1
usage 'l is not a flag of busbar: use --placement in_place' -l
usage 'multi is not a flag of busbar: use --group' -multi 0
usage 'no rank 3' --root 3
usage 'not one of wrong' --backend mpi --fault melt
usage 'minbytes is not a flag of busbar: use -b' --minbytes 8
usage 'not between 1 and 2^60 bytes' -b 0
usage "unknown 'ncl'; did you mean 'nccl'" --backend ncl
usage "unknown 'smoke'; expected auto, mpi, nccl" --backend smoke
usage 'sync window needs --mode isolated or both' --sync window --mode pipelined
# Flags that this backend does not support are refused, not ignored.
usage '^all_reduce: -G: the mpi backend has no CUDA graphs' --backend mpi -G 2
usage '^all_reduce: -R: the mpi backend registers no buffers' --backend mpi -R 1
usage '^all_reduce: -m: the mpi backend has no groups of operations; use --backend nccl' --backend mpi -m 4
usage '^all_reduce: --cta: the mpi backend has no thread blocks' --backend mpi --cta 4
expect_status "NVLink domains where there are none: status 5" 5 "$build/all_reduce" --expect-domain 8 "${quick[@]}"
fresh
expect_status "nccl-tests' names of a type and an operation, none of which MPI has: status 5" 5 "$build/all_reduce" -d f8e4m3,int32 -o mulsum --sizes 8 "${quick[@]}"
says "with the reason" 'nothing was measured: MPI has no reductions of this type'
holds "are known" '{(c["dtype"], c["op"]) for c in cases} == {("fp8_e4m3", "premulsum"), ("int32", "premulsum")}'
for case in '--sizes 0' '--sizes 256T' '--group 3 --sizes 8'; do
    # shellcheck disable=SC2086 # words
    expect_status "nothing was measured ($case): status 5" 5 "$build/all_reduce" $case "${quick[@]}"
    says 'and the reason' 'all_reduce: nothing was measured: '
done
holds "the records end as failed" 'end["status"] == "failed" and end["error"]'
fresh
check "sizes and groups named twice" ranks 2 "$build/all_reduce" --sizes 8,1K,8,1024 --group world,2,world "${quick[@]}"
holds "are measured once" 'len(cases) == 8 and len({c["key"] for c in cases}) == 8'
expect_status "another number of ranks than expected: status 5" 5 ranks 2 "$build/all_reduce" --expect-ranks 4 "${quick[@]}"
expect_status "another number of hosts than expected: status 5" 5 ranks 2 "$build/all_reduce" --expect-hosts 2 "${quick[@]}"
expect_status "a process that another MPI's launcher started alone: status 5" 5 \
    env OMPI_COMM_WORLD_SIZE=4 "$build/all_reduce" --sizes 8 "${quick[@]}"
grep -q 'the launcher started 4 processes' "$work/err" && ok "and says so" || not_ok "and says so"
expect_status "the second of them: status 5" 5 \
    env OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=1 "$build/all_reduce" --sizes 8 "${quick[@]}"
if grep -q 'the launcher started' "$work/err"; then not_ok "and leaves it to the first to say so"; else ok "and leaves it to the first to say so"; fi
check "synchronised clocks, with groups" ranks 2 "$build/all_reduce" --sync window --group world,2 --sizes 8 "${quick[@]}"
says "it is said that groups have none" "groups start after a barrier"
fresh
check "half and bfloat16 are reduced by operations of ours, exactly" ranks 3 "$build/all_reduce" \
    --collectives all_reduce,reduce_scatter,reduce -d half,bfloat16 -o sum,prod,max,min --sizes 4K "${quick[@]}"
holds "and verified" 'len(cases) == 48 and all(c["status"] == "ok" and c["wrong"] == 0 for c in cases)'
fresh
check "a launch with a name" "$build/all_reduce" --sizes 8 --run r --launch l "${quick[@]}"
expect_status "is never overwritten: status 5" 5 "$build/all_reduce" --sizes 8 --run r --launch l "${quick[@]}"
says "with the reason" "r/l.jsonl exists: a launch is never overwritten"
