#!/usr/bin/env bash
# The GPU plug-ins under AddressSanitizer and UndefinedBehaviorSanitizer, on the emulated device, in a separate build folder. As in
# tests/e2e/sanitize.sh, a leak counts if our code is near the allocation.
. "$(dirname "$0")/../lib.sh"
. tests/fakes/emulated_gpu.sh
needs_gpu_parts 'sanitized plug-ins'
unset MAKEFLAGS MFLAGS MAKELEVEL
if ! echo 'int main(void) { return 0; }' | ${CC:-cc} -x c -fsanitize=address,undefined -o "$work/p" - 2>/dev/null || ! "$work/p"; then
    skip 'sanitizers' "${CC:-cc} has no address and undefined sanitizers here"
    exit
fi
build=$build/sanitize-gpu
check 'the sanitized build' make --no-print-directory -j2 SANITIZE=address,undefined B="$build" CUDA=yes CUDA_ARCH=90 CFLAGS='-O1 -g' all fakegpu || exit
# use_tls=0: the leak checker crashes in the thread-local memory of libraries that were loaded with dlopen.
export LSAN_OPTIONS=exitcode=0:use_tls=0 ASAN_OPTIONS=abort_on_error=1:fast_unwind_on_malloc=0:log_path=$work/asan
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:abort_on_error=1 FAKEGPU_DEADLINE=60 # see tests/e2e/sanitize.sh

driver=all_reduce flags=(--backend nccl --passes 1 -n 3 -w 2 --cache warm)
check 'every collective' emulated 2 -- --collectives all -d half,fp8_e4m3,int64 -o sum,avg,premulsum --sizes 3000
check 'graphs and windows' emulated 2 -- --collectives all_reduce,alltoall --mode both -G 3 -R 2 --cache cold --sizes 64
check 'user buffers of growing size, more than there are' emulated 2 FAKEGPU_MEMORY=600000000 -- -R 1 --cta 4-8 --sizes 64,64K,1G
check 'groups side by side' emulated 4 -- --collectives all_reduce --group world,pairs,domain --sizes 64
check 'no NVML' emulated 2 FAKEGPU_FAULT='fail:call=nvmlInit_v2' -- --sizes 8
expect_status 'an old NCCL' 5 emulated 2 FAKEGPU_NCCL=21700 -- --sizes 8
expect_status 'no communicator' 5 emulated 2 FAKEGPU_FAULT='fail:call=ncclCommInitRankConfig,rank=-1' -- --sizes 8
expect_status 'a call that fails' 5 emulated 2 FAKEGPU_FAULT='fail:call=ncclAllReduce,rank=1,after=6' -- --sizes 8
expect_status 'wrong data' 3 emulated 2 -- --sizes 8K --fault wrong:rank=1
expect_status 'a hang' 4 emulated 2 FAKEGPU_FAULT='hang:call=ncclAllReduce,rank=1,after=12' -- --sizes 8 -T 10
driver=matmul flags=(--backend cublaslt --phase burst -n 2)
check 'matmul, every type' emulated 2 -- --shapes 64x32x96
check 'matmul, layouts' emulated 1 -- --shapes 48x32x64 -d half,fp8_e4m3 --layout NN,TN
expect_status 'matmul, a wrong result' 3 emulated 2 FAKEGPU_FAULT='wrong:call=cublasLtMatmul,rank=1,element=100' -- --shapes 64 -d bfloat16
expect_status 'matmul, no handle' 5 emulated 1 FAKEGPU_FAULT='fail:call=cublasLtCreate' -- --shapes 64 -d half
check 'the device code by threads of the host' env LD_LIBRARY_PATH="$build/fakegpu" "$build/gpu_kernels_on_host" twins

errors=$(grep -hE 'ERROR: AddressSanitizer' "$work"/asan.* 2>/dev/null)
if [ -z "$errors" ]; then ok 'no error in any of them'; else not_ok "$errors"; fi
if grep -qs LeakSanitizer "$work"/asan.*; then ok 'leaks were looked for'; else not_ok 'nobody looked for leaks'; fi
leaks=$(our_leaks)
if [ -z "$leaks" ]; then ok 'no leak of ours in any of them'; else not_ok "leaks: $leaks"; fi
