#!/usr/bin/env bash
# The GPU plug-ins under AddressSanitizer and UndefinedBehaviorSanitizer: the tests of NCCL and cuBLASLt on the emulated device, in a
# build folder of their own. As in tests/e2e/sanitize.sh, a leak is ours where our code is near the allocation.
. "$(dirname "$0")/../lib.sh"
. tests/fakegpu/lib.sh
needs_gpu_parts 'sanitized plug-ins'
folder=$build/sanitize-gpu
unset MAKEFLAGS MFLAGS MAKELEVEL
if ! echo 'int main(void) { return 0; }' | ${CC:-cc} -x c -fsanitize=address,undefined -o "$work/p" - 2>/dev/null || ! "$work/p"; then
    skip 'sanitizers' "${CC:-cc} has no address and undefined sanitizers here"
    exit
fi
check 'the sanitized build' make --no-print-directory -j2 SANITIZE=address,undefined B="$folder" CUDA=yes CUDA_ARCH=90 CFLAGS='-O1 -g' all fakegpu || exit
export ASAN_OPTIONS=abort_on_error=1:fast_unwind_on_malloc=0:log_path=$work/asan UBSAN_OPTIONS=print_stacktrace=1
check 'NCCL' env BUILD="$folder" tests/e2e/nccl.sh || grep '^not ok' "$work/out"
check 'cuBLASLt' env BUILD="$folder" tests/e2e/cublaslt.sh || grep '^not ok' "$work/out"
errors=$(grep -hE 'ERROR: (Address|UndefinedBehavior)Sanitizer|runtime error' "$work"/asan.* 2>/dev/null)
if [ -z "$errors" ]; then ok 'no error in any of them'; else not_ok "$errors"; fi
if ls "$work"/asan.* >/dev/null 2>&1; then ok 'leaks were looked for'; else not_ok 'nobody looked for leaks'; fi
leaks=$(our_leaks)
if [ -z "$leaks" ]; then ok 'no leak of ours in any of them'; else not_ok "leaks: $leaks"; fi
