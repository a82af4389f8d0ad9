#!/usr/bin/env bash
# valgrind finds no leak and no invalid access in the drivers' own code; tests/data/mpi.supp suppresses the leaks of the MPI library.
. "$(dirname "$0")/../lib.sh"
if ! command -v valgrind >/dev/null; then skip 'valgrind' 'valgrind is missing'; exit; fi
# shellcheck disable=SC2054 # the commas are valgrind's
valgrind=(valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect
    --undef-value-errors=no --suppressions=tests/data/mpi.supp --error-exitcode=99 "--log-file=$work/valgrind.%p")
# passes NAME COMMAND…: checks that the command ends with status 0, which valgrind changes to 99 after an error.
passes() {
    local name=$1
    shift
    rm -f "$work"/valgrind.*
    "$@" >"$work/out" 2>"$work/err"
    local status=$?
    if [ $status -eq 0 ]; then ok "$name"; return; fi
    not_ok "$name (status $status)"
    tail -n 40 "$work"/valgrind.* "$work/err" | sed 's/^/    /'
}
under() {
    local name=$1
    shift
    passes "$name" timeout 300 "${valgrind[@]}" "$@"
}
echo 'int main(void) { extern void *malloc(unsigned long); void *volatile p = malloc(7); p = 0; return p != 0; }' >"$work/leak.c"
if cc -w -o "$work/leak" "$work/leak.c" 2>/dev/null; then
    timeout 60 valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite --suppressions=tests/data/mpi.supp --error-exitcode=99 "$work/leak" 2>/dev/null
    if [ $? -eq 99 ]; then ok 'a leak would be found'; else not_ok 'a leak is not found'; fi
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
under 'all_reduce' "$build/all_reduce" --backend mpi --sizes 8,1K -n 3 -w 1 --passes 1 --output "$work/r" --run v
export RANKS_TIMEOUT=500
for sync in barrier window; do
    passes "all_reduce on 2 ranks, $sync" ranks 2 "${valgrind[@]}" "$build/all_reduce" --backend mpi --collectives all --sizes 8,1K -d float,half \
        --sync $sync --mode both -n 3 -w 1 --passes 2 --output "$work/r" --run v2-$sync
done
passes 'groups side by side on 4 ranks' ranks 4 "${valgrind[@]}" "$build/all_gather" --backend mpi --sizes 8 --group pairs,2 -n 3 -w 1 --passes 1 \
    --output "$work/r" --run v4
# valgrind does not support AVX-512
kernel=()
if [ "$(uname -m)" = x86_64 ]; then kernel=(--blas openblas --blas-kernel Haswell); fi
under 'matmul' "$build/matmul" --backend cblas "${kernel[@]}" --threads 1 --shapes 32 -n 3 --phase burst --output "$work/r" --run m
under 'busbar show' "$build/busbar" show "$work/r"
