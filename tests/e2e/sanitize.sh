#!/usr/bin/env bash
# Runs the unit tests, every collective on a few ranks, and busbar's commands under AddressSanitizer and
# UndefinedBehaviorSanitizer, in a separate build folder. Only leaks in busbar's code count.
. "$(dirname "$0")/../lib.sh"
folder=$build/sanitize
unset MAKEFLAGS MFLAGS MAKELEVEL
if ! echo 'int main(void) { return 0; }' | ${CC:-cc} -x c -fsanitize=address,undefined -o "$work/p" - 2>/dev/null || ! "$work/p"; then
    skip 'sanitizers' "${CC:-cc} has no address and undefined sanitizers here"
    exit
fi
unit=''
if grep -q '^HAVE_CRITERION := yes' "$build/config.mk"; then unit=$folder/unit; fi
# shellcheck disable=SC2086 # empty or one word
check 'the sanitized build' make --no-print-directory -j2 SANITIZE=address,undefined B="$folder" CUDA=no CFLAGS='-O1 -g' all $unit || exit
# MPI libraries keep much memory until the process ends, some of it from modules that are closed by then, which no
# suppression can name. So leaks go to files and do not fail a program; a leak counts if our code is near the allocation.
export LSAN_OPTIONS=exitcode=0 ASAN_OPTIONS=abort_on_error=1:fast_unwind_on_malloc=0:log_path=$work/asan
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:abort_on_error=1 # GCC's writes to stderr only, so the status has to tell
# Checks that the test finds a planted leak, in a file below a folder called bench.
mkdir -p "$work/bench/leak"
echo 'void *malloc(unsigned long); void *volatile p; int main(void) { p = malloc(7); p = 0; return 0; }' >"$work/bench/leak/leak.c"
${CC:-cc} -g -fsanitize=address -o "$work/leak" "$work/bench/leak/leak.c" && "$work/leak"
if [ -n "$(our_leaks)" ]; then ok 'a leak would be found'; else not_ok 'a leak in our code is not found'; fi
rm -f "$work"/asan.*
echo 'int main(int n, char **words) { (void)words; return (n + 0x7fffffff) == 5; }' >"$work/overflow.c"
check 'a program that overflows' ${CC:-cc} -g -fsanitize=address,undefined -o "$work/overflow" "$work/overflow.c"
expect_status 'is killed by SIGABRT' 134 "$work/overflow"
says 'and tells why' 'runtime error: signed integer overflow'

# Criterion's child processes confuse the leak checker's exit status: only the programs below are checked for leaks.
# Simulations are left out: they repeat thousands of times what other tests do once.
if [ -n "$unit" ]; then
    check 'unit tests' env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" "$unit" --filter '!(gate_situations|gate_simulation|history_simulation|scan_simulation)/*'
fi

results=$work/results
if [ -x "$folder/all_reduce" ]; then
    for n in 1 3; do
        check "every collective, $n ranks" ranks $n "$folder/all_reduce" --backend mpi --collectives all --sizes 8,1000,64K \
            -d int8,float,double -o sum,max -n 3 -w 1 --passes 2 --output "$results" --run san --launch "n$n"
    done
    check 'groups side by side, 4 ranks' ranks 4 "$folder/all_reduce" --backend mpi --collectives all_reduce,alltoall --sizes 8,64K \
        --group world,node,domain,rail,pairs,2,3 -n 3 -w 1 --passes 2 --output "$results" --run san --launch groups
    expect_status 'a corrupted result is caught, 2 ranks' 3 ranks 2 "$folder/all_reduce" --backend mpi --sizes 8K -n 3 \
        --fault wrong:rank=1 --output "$results" --run wrong
    expect_status 'a wrong flag' 2 "$folder/all_reduce" --sizzes 8
else
    skip 'collectives' 'no MPI here'
fi
if [ -x "$folder/matmul" ]; then
    check 'matmul, 2 ranks' ranks 2 "$folder/matmul" --shapes 64,32x48x16 -d float,double --output "$results" --run mm
fi
if [ -x "$folder/overlap" ]; then
    for progress in thread nonblocking; do
        check "overlap, 2 ranks, $progress" ranks 2 "$folder/overlap" --backend mpi --shape 32 --sizes 1K,8 --ratio 1,2 -n 8 --progress-by $progress --output "$results" --run $progress
    done
fi
if [ -d "$results/san" ]; then
    for format in text csv json markdown; do check "busbar show --format $format" "$folder/busbar" show --format $format "$results"; done
fi
tests/data/nights --change 2:15:1.2 --nights 25 | tests/data/launches "$work/nights"
for format in text markdown json junit; do
    expect_status "busbar history --format $format" 1 "$folder/busbar" history --format $format "$work/nights"
done
check 'busbar export --format openmetrics' "$folder/busbar" export --format openmetrics "$work/nights"
check 'a thin baseline' "$folder/busbar" baseline save --dir "$work/baselines" --thin --allow-simulated thin "$work/nights"
check 'busbar limits' "$folder/busbar" limits --instance p5.48xlarge --domains 2

errors=$(grep -hE 'ERROR: AddressSanitizer' "$work"/asan.* 2>/dev/null)
if [ -z "$errors" ]; then ok 'no error in any of them'; else not_ok "$errors"; fi
leaks=$(our_leaks)
if [ -z "$leaks" ]; then ok 'no leak of ours in any of them'; else not_ok "leaks: $leaks"; fi
