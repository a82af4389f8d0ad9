#!/usr/bin/env bash
# MPI calls that fail: the library rejects a call that tests/fakes/break_mpi.c makes invalid on one rank. The launch names the call and the
# rank, and ends at once with status 5, even while other ranks wait.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

flags=$(sed -n 's/^MPI_CFLAGS := //p' "$build/config.mk")
# shellcheck disable=SC2086 # a list of flags
if ! cc -shared -fPIC -O1 $flags -o "$work/break.so" tests/fakes/break_mpi.c 2>"$work/err"; then
    cat "$work/err"
    not_ok 'tests/fakes/break_mpi.c is compiled'
    exit 1
fi
case $build in *sanitize*) skip 'MPI calls that fail' 'a preloaded library comes before the sanitizer'; exit 0 ;; esac

# broken CALL RANK AT [VARIABLE=value…] -- RANKS PROGRAM ARGUMENTS…: runs a launch in which the AT-th CALL fails on RANK. If the launch
# hangs, the timeout ends it with status 124.
broken() {
    local vars=(BREAK_CALL="$1" BREAK_RANK="$2" BREAK_AT="$3")
    shift 3
    while [ "$1" != -- ]; do vars+=("$1"); shift; done
    rm -rf "$work/records"
    RANKS_TIMEOUT=60 ranks "$2" env LD_PRELOAD="$work/break.so" BUSBAR_HOST=n2 "${vars[@]}" "$build/$3" "${@:4}" \
        --output "$work/records" --run r --launch l
}
small=(--backend mpi --sizes "8,1K" --passes 2 -n 5 -w 1)
quick=(--backend cblas --shapes 64 -d float --passes 1 -n 3 --phase burst)

# fails CALL RANK AT …: like broken; checks the status and the message
fails() {
    expect_status "$1 number $3 fails on rank $2: status 5" 5 broken "$@"
    if [ "$(grep -cE "^(all_reduce|matmul): $1 failed on rank $2 of host n2: MPI_ERR_(COUNT|COMM)" "$work/err")" = 1 ]; then
        ok 'and one line says what failed, where and why'
    else
        not_ok 'and one line says what failed, where and why'
        cat "$work/err"
    fi
}
ends_as() { # NAME STATUS
    if grep -q "\"status\":\"$2\"" "$work/records/r/l.jsonl"; then ok "$1"; else not_ok "$1"; tail -n 1 "$work/records/r/l.jsonl"; fi
}

check 'the library alone changes nothing' broken none 0 1 -- 2 all_reduce "${small[@]}"
ends_as 'and the record is complete' complete
# While the launch starts, when only rank 0 prints messages.
fails MPI_Allreduce 1 1 -- 2 all_reduce "${small[@]}"
fails MPI_Allreduce 0 2 -- 2 all_reduce "${small[@]}"
fails MPI_Allgather 1 1 -- 2 all_reduce "${small[@]}"
fails MPI_Bcast 1 1 -- 2 all_reduce "${small[@]}"
fails MPI_Reduce 1 1 -- 2 all_reduce "${small[@]}"
fails MPI_Comm_dup 1 1 -- 2 all_reduce "${small[@]}"
# During the measurement; the record says that the launch failed.
fails MPI_Allreduce 0 60 -- 2 all_reduce "${small[@]}"
ends_as 'the record says so' failed
fails MPI_Allreduce 1 60 -- 2 all_reduce "${small[@]}"
ends_as 'the record says so where another rank failed' failed
fails MPI_Barrier 1 7 -- 2 all_reduce "${small[@]}"
fails MPI_Bcast 0 4 -- 2 all_reduce "${small[@]}"
fails MPI_Gather 1 2 -- 2 all_reduce "${small[@]}"
fails MPI_Gather 1 1 -- 2 all_reduce "${small[@]}" --format nccl-tests
# On communicators derived from MPI_COMM_WORLD: those of groups, backends, clock synchronisation and matmul's turns.
fails MPI_Comm_split 1 1 -- 4 all_reduce "${small[@]}" --group 2
fails MPI_Comm_dup 1 2 BREAK_SIZE=2 -- 4 all_reduce "${small[@]}" --group 2,pairs
fails MPI_Allreduce 3 5 BREAK_SIZE=2 -- 4 all_reduce "${small[@]}" --group 2
fails MPI_Bcast 1 20 -- 2 all_reduce "${small[@]}" --sync window
fails MPI_Allreduce 1 12 -- 2 matmul "${quick[@]}"
fails MPI_Bcast 0 2 -- 2 matmul "${quick[@]}"
fails MPI_Ibarrier 1 2 -- 2 matmul "${quick[@]}"
fails MPI_Gather 1 1 -- 2 matmul "${quick[@]}"
fails MPI_Allreduce 1 2 BREAK_SIZE=1 -- 2 matmul "${quick[@]}" --ranks-at-once one

# No launch hangs, wherever the call fails.
hung=0 others=0
for at in $(seq 1 6 60); do
    broken MPI_Allreduce $((at % 2)) "$at" -- 2 all_reduce "${small[@]}" >"$work/out" 2>"$work/err"
    case $? in 5) ;; 124) hung=$((hung + 1)) ;; *) others=$((others + 1)) ;; esac
done
if [ $hung = 0 ] && [ $others = 0 ]; then ok 'ten places of a launch: all end with status 5'; else not_ok "ten places of a launch: $hung hang, $others end otherwise"; fi
exit "$failures"
