#!/usr/bin/env bash
# alltoallv on both backends (NCCL on the emulated device): every element is right at every imbalance, damaged data are found, and no
# command mixes cases of different imbalance.
. "$(dirname "$0")/../lib.sh"
. tests/fakes/emulated_gpu.sh
driver=alltoallv flags=(--backend mpi -n 3 -w 1 --passes 1)
verified='all(r["status"] == "ok" and r["wrong"] == 0 for r in c)'
uneven=(--placement out_of_place --imbalance '1,1.5,1.5:7' --sizes '4K,100K' -d 'int8,double')
# The size of a case is what the busiest rank receives, rounded down to whole elements per rank. Every rank sends the same.
sizes='all(r["recv_bytes"] == r["bytes"] >= r["send_bytes"] and 0 <= r["requested_bytes"] - r["bytes"] < 8 * r["ranks"] for r in c)'
factors='all(abs(r["bytes"] / r["send_bytes"] / float(r["imbalance"].split(":")[0]) - 1) < 0.05 for r in c)'
labels='{r["imbalance"] for r in c} == {"1", "1.5", "1.5:7"} and len({r["key"] for r in c}) == len(c) == 12 and all("/imbalance=" + r["imbalance"] + "/" in r["key"] for r in c)'

turned='{(r["imbalance"], r["bytes"] == r["send_bytes"], r["bytes"] == r["recv_bytes"]) for r in c} == {("2:3", False, True), ("2:3:send", True, False)} and all(abs(r["bytes"] / min(r["send_bytes"], r["recv_bytes"]) - 2) < 0.05 for r in c) and {"/imbalance=2:3:send/" in r["key"] for r in c} == {True, False} and len({r["key"] for r in c}) == len(c) == 4'

backends='mpi'
if [ -e "$build/busbar_nccl.so" ] && [ -e "$build/fakegpu/libnccl.so.2" ]; then backends='mpi nccl'; else skip 'alltoallv with NCCL' 'the GPU parts are not built here'; fi
# Row sums 450, 225 and 650, column sums 450, 450 and 425: rank 2 sends the most.
printf '100 200 150\n 50 100 75 # rank 1\n300 150 200\n' >"$work/matrix"
matrix=(--placement out_of_place --matrix "$work/matrix")
for backend in $backends; do
    flags[1]=$backend
    for n in 3 8; do
        check "$backend, $n ranks: three imbalances" emulated $n -- "${uneven[@]}"
        check "$backend, $n ranks: each element is right, the sizes and factors are those asked for" rows "$verified and $sizes and $factors and $labels"
    done
    # The reverse: every rank receives the same, and the busiest one sends the case's bytes.
    check "$backend, 4 ranks: dispatch and combine" emulated 4 -- --placement out_of_place --imbalance 2:3,2:3:send --sizes '4K,1M' -d int8
    check "$backend: combine is right, and its busiest rank sends" rows "$verified and $turned"
    expect_status "$backend: a damaged element is caught" 3 emulated 2 -- --placement out_of_place --imbalance 1.5 --sizes 4K --fault wrong:rank=1
    expect_status "$backend: and in the other direction" 3 emulated 2 -- --placement out_of_place --imbalance 1.5:send --sizes 4K --fault wrong:rank=1
    check 'and named' rows 'c[0]["status"] == "wrong" and c[0]["wrong"] == 1 and "on rank 1" in c[0]["error"]'
    check "$backend: a matrix at two sizes" emulated 3 -- "${matrix[@]}" --sizes 650,26000 -d float
    check 'keeps its proportions, in whole elements' rows "$verified"' and sorted((r["bytes"], r["send_bytes"], r["recv_bytes"]) for r in c) == [(640, 640, 440), (26000, 26000, 18000)]'
done
flags[1]=mpi
check 'a matrix as it is' emulated 3 -- "${matrix[@]}" --sizes matrix -d int8
check 'is right' rows "$verified"' and [(r["bytes"], r["send_bytes"], r["recv_bytes"], r["imbalance"][:7]) for r in c] == [(650, 650, 450, "matrix:")]'
(echo '# unit: counts' && cat "$work/matrix") >"$work/counts"
check 'a matrix of counts' emulated 3 -- --placement out_of_place --matrix "$work/counts" --sizes matrix -d double
check 'sends so many elements' rows "$verified"' and [(r["bytes"], r["send_bytes"], r["recv_bytes"]) for r in c] == [(5200, 5200, 3600)]'
check 'at other sizes its numbers are proportions' emulated 3 -- --placement out_of_place --matrix "$work/counts" --sizes 26000 -d float
check 'as those of bytes are' rows "$verified"' and [(r["bytes"], r["send_bytes"], r["recv_bytes"]) for r in c] == [(26000, 26000, 18000)]'
expect_status 'in place is not measured' 5 emulated 1 -- --placement in_place --sizes 4K
check 'and the record says why' rows 'c[0]["status"] == "unsupported" and "in both directions" in c[0]["error"]'

# usage TEXT FLAGS…: status 2 and one line on stderr that holds the text
usage() {
    expect_status "usage: ${*:2}" 2 "$build/alltoallv" --backend mpi --output none "${@:2}"
    says "$1" "$1"
    one_line 'in one line'
}
printf '1 2\n3\n' >"$work/bad"
usage "--matrix: $work/bad:2: 1 numbers, but the first row has 2" --matrix "$work/bad"
printf '1 x\n3 4\n' >"$work/bad"
usage "bad:1: 'x' is not a number such as 0, 4096 or 64K" --matrix "$work/bad"
printf '# unit: tokens\n1 2\n3 4\n' >"$work/bad"
usage "bad:1: the unit 'tokens' is neither bytes nor counts" --matrix "$work/bad"
usage 'give one type by -d' --matrix "$work/counts" --sizes matrix -d float,double
usage 'leave out --imbalance' --matrix "$work/matrix" --imbalance 2
usage '--sizes matrix: there is no --matrix FILE' --sizes matrix
usage "'0.5' is not a factor" --imbalance 0.5
expect_status 'a matrix of another number of ranks: status 5' 5 ranks 2 "$build/alltoallv" --backend mpi --matrix "$work/matrix" --sizes 64 --output none
says 'with the reason' '--matrix has 3 rows, but there are 2 ranks'
# other_file COMMAND: each rank reads what the command prints, which may differ by $rank
other_file() {
    # shellcheck disable=SC2016 # for the ranks' shell
    ranks 2 sh -c 'rank=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}; mkdir -p "$0/$$" && cd "$0/$$" && eval "$2" >m && exec "$1" --backend mpi --matrix m --sizes 64 --output none' \
        "$work/each" "$(realpath "$build/alltoallv")" "$1"
}
# shellcheck disable=SC2016
expect_status 'ranks that read unlike files: status 5' 5 other_file 'printf "0 $rank\n1 0\n"'
tells 'are told' '--matrix: m on .* is not the file that rank 0 read'
# shellcheck disable=SC2016
expect_status 'as are those whose numbers have unlike units' 5 other_file '[ $rank = 1 ] || echo "# unit: counts"; printf "0 1\n1 0\n"'
tells 'in the same words' '--matrix: m on .* is not the file that rank 0 read'

# ---- what reads records ----

busbar() { timeout 60 "$build/busbar" "$@"; }
check 'a record of three imbalances' emulated 2 -- --placement out_of_place --imbalance 1,1.5,1.5:send --sizes 64K
cp -r "$work/records" "$work/base"
check 'show' busbar show --wide "$work/base"
check 'has a column for them' test "$(grep -cE '64 KiB +16384 +float +out_of_place +isolated +1(\.5(:send)?)? ' "$work/out")" -eq 3
check 'a gate asks for one of them' sh -c "echo 'alltoallv imbalance=1.5 bytes=64K launches>=1 wrong<=0' >'$work/gate'; exec '$build/busbar' contract --gate '$work/gate' '$work/base'"
check 'or for its reverse' sh -c "echo 'all_to_all_v imbalance=1.5:send bytes=64K launches>=1 wrong<=0' >'$work/gate'; exec '$build/busbar' contract --gate '$work/gate' '$work/base'"
expect_status 'and fails where it was not measured' 1 sh -c "echo 'alltoallv imbalance=1.9 launches>=1' >'$work/gate'; exec '$build/busbar' contract --gate '$work/gate' '$work/base'"
check 'a record of another imbalance' emulated 2 -- --placement out_of_place --imbalance 1.9 --sizes 64K
expect_status 'is not compared with them' 1 busbar compare "$work/base" "$work/records"
says 'since it lacks their cases' missing
printf 'workload\tpart\tdtype\tbytes\tcount\tflops\tnote\nmoe\talltoallv:1.50\tfloat\t64K\t2\t\tdispatch\nmoe\talltoallv:1.5:send\tfloat\t64K\t2\t\tcombine\n' >"$work/moe.tsv"
check 'a report of a step with dispatch and combine' busbar report --workloads "$work/moe.tsv" --workload moe --format markdown --output "$work/moe.md" "$work/base/r"
check 'finds both' sh -c '! grep "was not measured" "$1" && grep -q "alltoallv:1.5:send" "$1"' - "$work/moe.md"
check "as nccl-tests' text" busbar export "$work/base/r"
cp "$work/out" "$work/alltoallv.txt"
check 'named like its program' test "$(grep -c '^# Collective test starting: alltoallv_perf$' "$work/alltoallv.txt")" -eq 3
check 'a table for each' test "$(grep -cE '^ +65536 +8192 +float +none +-1 ' "$work/alltoallv.txt")" -eq 3
check 'which is imported again' busbar import --ranks 2 --output "$work/imported" --run i "$work/alltoallv.txt"
check 'as what it was, without a contradiction' python3 - "$work/base/r/l.jsonl" "$work/imported/i" <<'E2'
import glob, json, sys
cases = lambda path: [c for c in map(json.loads, open(path)) if c["record"] == "case"]
ours, theirs = cases(sys.argv[1]), [c for f in sorted(glob.glob(sys.argv[2] + "/*.jsonl")) for c in cases(f)]
assert len(ours) == len(theirs) == 3, theirs
for a, b in zip(ours, theirs):
    assert b["collective"] == "alltoallv" and b["bytes"] == a["bytes"] and b["status"] == "ok" and "imbalance" not in b, b
    expected = a["bytes"] / (sum(a["samples_us"]) / len(a["samples_us"])) * 1e-3 / 2
    # Two decimals are printed. The import takes no bus bandwidth from a printed 0.00.
    assert "busbw_gbps" in b or expected < 0.006, (a, b)
    assert abs(b.get("busbw_gbps", 0) - expected) <= 0.0051 + 0.001 * expected, (a, b)
E2
check 'a sweep' busbar plan --drivers alltoallv --sizes 64K --launches 1 --driver-arg --imbalance --driver-arg 1,1.5:send --format tsv
check 'passes the flag on' grep -q -- '--imbalance 1,1.5:send' "$work/out"
