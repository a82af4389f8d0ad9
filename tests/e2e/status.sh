#!/usr/bin/env bash
# Every documented exit status, from every program that can end with it, with a one-line reason.
. "$(dirname "$0")/../lib.sh"
drivers=$(cd "$build" && for p in all_reduce all_gather alltoall alltoallv broadcast gather hypercube matmul overlap reduce reduce_scatter scatter sendrecv step; do
    [ ! -x $p ] || echo $p
done)
commands=$("$build/busbar" --completion | tr '\n' ' ')
check 'busbar has commands' test "$(wc -w <<<"$commands")" -gt 10

# one_line_of PROGRAM: checks that the last command wrote a single line to stderr, which starts with the name of the program.
one_line_of() {
    if [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q "^$1: " "$work/err"; then ok "$1: one line"; else not_ok "$1: $(cat "$work/err")"; fi
}

# Status 0 and 2 for all programs
for program in $drivers; do
    for flag in --help --version --man --completion; do expect_status "$program $flag" 0 "$build/$program" $flag; done
    expect_status "$program: an unknown flag" 2 "$build/$program" --ouput x
    says "$program: a near match" 'did you mean --output?'
    one_line_of "$program"
done
expect_status 'busbar --help' 0 "$build/busbar" --help
expect_status 'busbar --version' 0 "$build/busbar" --version
expect_status 'busbar alone' 2 "$build/busbar"
expect_status 'an unknown command' 2 "$build/busbar" shwo
says 'a near match' "did you mean 'show'?"
formatted=0
for command in $commands; do
    expect_status "busbar $command --help" 0 "$build/busbar" "$command" --help
    expect_status "busbar $command: an unknown flag" 2 "$build/busbar" "$command" --frobnicate
    one_line_of busbar
    if "$build/busbar" "$command" --completion | grep -q '^--format '; then
        expect_status "busbar $command: an unknown value" 2 "$build/busbar" "$command" --format jsn
        says "busbar $command: what was expected" "'jsn' is not one of"
        formatted=$((formatted + 1))
    fi
done
check 'commands that have formats' test "$formatted" -gt 5

# launch FILE MEDIAN_US STATUS: writes a launch of one case whose samples scatter around the median.
launch() {
    local run=${1%/*} name=${1##*/}
    mkdir -p "$run"
    run=${run##*/} name=${name%.jsonl}
    {
        echo '{"record":"launch","schema":1,"run":"'"$run"'","launch":"'"$name"'","started":"2026-01-01T00:00:00Z","driver":"all_reduce","backend":"mpi","provenance":["simulated"],"allocation":{"id":"a","hosts_hash":"h"},"world":{"nodes":1,"ranks":2,"ranks_per_node":2}}'
        awk -v m="$2" -v s="$3" 'BEGIN {
            printf "{\"record\":\"case\",\"key\":\"k\",\"pass\":1,\"collective\":\"all_reduce\",\"mode\":\"isolated\",\"placement\":\"out_of_place\",\"requested_bytes\":1024,\"bytes\":1024,\"count\":256,\"dtype\":\"float\",\"op\":\"sum\",\"nodes\":1,\"ranks\":2,\"wrong\":%d,\"status\":\"%s\",\"samples_us\":[", s == "wrong" ? 3 : 0, s
            for (i = 0; i < 31; i++) printf "%s%.4f", i ? "," : "", m * (1 + (i - 15) / 1000)
            print "]}" }'
        echo '{"record":"end","status":"complete","cases":1,"elapsed_s":1}'
    } >"$1"
}
for i in 1 2 3 4 5 6; do
    launch "$work/base/$i.jsonl" "10.0$i" ok
    launch "$work/same/$i.jsonl" "10.0$((7 - i))" ok
    launch "$work/slow/$i.jsonl" "13.0$i" ok
    launch "$work/wrong/$i.jsonl" "10.0$i" wrong
done

# Status 1: gates
expect_status 'compare: the same' 0 "$build/busbar" compare "$work/base" "$work/same"
expect_status 'compare: a regression' 1 "$build/busbar" compare "$work/base" "$work/slow"
expect_status 'compare: wrong data fails the gate' 1 "$build/busbar" compare "$work/base" "$work/wrong"
# Status 5: input that cannot be read, output that cannot be written
for command in show compare report plot import contract; do
    case $command in
    compare) set -- "$work/nowhere" "$work/nowhere" ;;
    contract) set -- --gate "$work/nowhere.gate" "$work/base" ;;
    *) set -- "$work/nowhere" ;;
    esac
    expect_status "busbar $command: nothing there" 5 "$build/busbar" "$command" "$@"
    says "busbar $command: it is named" nowhere
done
if [ -w /dev/full ]; then
    full() { "$build/busbar" show "$work/base" >/dev/full; }
    expect_status 'busbar show to a full disk' 5 full
    # More than one buffer: output that is lost before the last write counts, too.
    check 'a long table' test "$("$build/busbar" show --format csv results/reference | wc -c)" -gt 4096
    full() { "$build/busbar" show --format csv results/reference >/dev/full; }
    expect_status 'a long table to a full disk' 5 full
    says 'says so' 'cannot write'
fi

if [ -z "$drivers" ]; then
    skip 'statuses of the drivers' 'no MPI here'
    exit
fi
quick=(--backend mpi --sizes 1K -n 5 -w 1 --passes 1 --output "$work/results")
expect_status '0: a run' 0 ranks 2 "$build/all_reduce" "${quick[@]}"
expect_status '2: a bad value' 2 ranks 2 "$build/all_reduce" "${quick[@]}" --mode isolatd
says 'a near match' "did you mean 'isolated'?"
expect_status '5: ranks that were not expected' 5 ranks 2 "$build/all_reduce" "${quick[@]}" --expect-ranks 3
expect_status '3: wrong data' 3 ranks 2 "$build/all_reduce" "${quick[@]}" --fault wrong:rank=1
expect_status '4: a hang' 4 ranks 2 "$build/all_reduce" "${quick[@]}" --fault hang:rank=1,call=3 --timeout 2
expect_status '5: no folder can be made' 5 ranks 2 "$build/all_reduce" --backend mpi --sizes 1K -n 5 --output /proc/nowhere
says 'it is named' /proc/nowhere
expect_status '0: a named launch' 0 ranks 1 "$build/all_reduce" "${quick[@]}" --run r --launch l
expect_status '5: the launch is there already' 5 ranks 1 "$build/all_reduce" "${quick[@]}" --run r --launch l
if [ ! -e /dev/nvidia0 ]; then
    expect_status '5: no GPU' 5 ranks 1 "$build/all_reduce" --backend nccl --sizes 1K --output "$work/results"
else
    skip '5: no GPU' 'this machine has one'
fi
# Status 128+n: without a launcher in between
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "$build/all_reduce" --backend mpi --sizes 1M -n 1000000 --max-seconds 60 \
    --output none >/dev/null 2>&1 &
sleep 2
kill -KILL $!
wait $! 2>/dev/null
status=$?
if [ $status -eq 137 ]; then ok '128+9: killed'; else not_ok "killed: status $status"; fi
